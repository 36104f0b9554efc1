//! Callers who leave before they have said all: no part of a request is taken for the whole, and
//! none that does not ask for a secret consumes one.

use super::access::AccessLog;
use super::line::{Line, WAYS, Way};
use super::stake::{BODIES, KINDS, Kind, Stake};
use super::{LONG, living, spawn_narrow_app};
use crate::support::{TestApp, secret, spawn_app, spawn_app_in};

/// What is answered where an answer is begun at all: it was broken off.
const BROKEN_OFF: [u64; 2] = [400, 499];

/// Has a client say a part of a request of each of `kinds` and leave in each way, and asserts that
/// nothing comes of it, not even when the service has stopped and started again.
async fn expect_nothing(kinds: &[Kind], say: impl AsyncFn(&TestApp, &Stake, Way)) {
    let app = spawn_narrow_app();
    let mut stakes = Vec::new();
    for kind in kinds {
        for way in WAYS {
            let stake = Stake::lay(&app, *kind).await;
            say(&app, &stake, way).await;
            stake.expect_untouched(&app).await;
            stakes.push(stake);
        }
    }
    let before = living(&app).await;
    let app = spawn_app_in(app.stop().await, |settings| settings.secrets.redeliver_seconds = LONG);
    assert_eq!(living(&app).await, before);
    for stake in stakes {
        stake.expect_intact(&app).await;
    }
}

/// The same where the head of the request is said, and `body` makes what is said of its body.
async fn expect_nothing_after_the_head(body: impl Fn(&str) -> &str) {
    let log = AccessLog::read();
    let say = async |app: &TestApp, stake: &Stake, way: Way| {
        let (ended, mut line) = (log.len(), Line::open(app).await);
        let (head, whole) = stake.request(app);
        line.ask((head, body(&whole).to_owned())).await;
        let answer = line.leave(way).await;
        assert!(!answer.contains("HTTP/1.1 2"), "{answer}");
        let status = log.next(1, ended).await[0];
        assert!(BROKEN_OFF.contains(&status), "{:?}, {way:?}: {status}", stake.kind);
    };
    expect_nothing(&BODIES, say).await;
}

#[actix_web::test]
async fn nothing_is_done_for_who_leaves_in_the_middle_of_the_head() {
    expect_nothing(&KINDS, async |app, stake, way| {
        let (head, _) = stake.request(app);
        for part in [&head[..head.len() / 2], head.strip_suffix("\r\n").unwrap()] {
            let mut line = Line::open(app).await;
            line.send(part).await;
            line.leave_unanswered(way).await;
        }
    })
    .await;
}

#[actix_web::test]
async fn nothing_is_done_for_who_leaves_before_the_body() {
    expect_nothing_after_the_head(|_body| "").await;
}

#[actix_web::test]
async fn nothing_is_done_for_who_leaves_in_the_middle_of_the_body() {
    expect_nothing_after_the_head(|body| &body[..body.len() / 2]).await;
}

/// Where the length of a body is not told before, its end is.
#[actix_web::test]
async fn nothing_is_done_for_who_leaves_when_the_body_looks_whole_and_is_not() {
    let log = AccessLog::read();
    expect_nothing(&BODIES, async |app, stake, way| {
        let (head, body) = stake.request(app);
        let length = format!("Content-Length: {}", body.len());
        let longer = format!("Content-Length: {}", body.len() + 1);
        let chunk = format!("{:x}\r\n{body}\r\n", body.len());
        let lacking = [
            (head.replace(&length, &longer), body),
            (head.replace(&length, "Transfer-Encoding: chunked"), chunk),
        ];
        for request in lacking {
            let (ended, mut line) = (log.len(), Line::open(app).await);
            line.ask(request).await;
            let answer = line.leave(way).await;
            assert!(!answer.contains("HTTP/1.1 2"), "{answer}");
            assert!(BROKEN_OFF.contains(&log.next(1, ended).await[0]));
        }
    })
    .await;
}

#[actix_web::test]
async fn nothing_is_consumed_by_a_request_that_does_not_mean_it_and_leaves() {
    let (log, app) = (AccessLog::read(), spawn_app());
    let token = app.store("x").await;
    let address = secret(&token);
    let starts = [
        format!("HEAD {address} HTTP/1.1\r\n"),
        format!("OPTIONS {address} HTTP/1.1\r\n"),
        format!("GET {address} HTTP/1.1\r\nRange: bytes=0-0\r\n"),
        format!("GET {address} HTTP/1.1\r\nIf-None-Match: \"x\"\r\n"),
        format!("GET {address} HTTP/1.1\r\nSec-Purpose: prefetch\r\n"),
    ];
    for start in starts {
        for way in WAYS {
            let (ended, mut line) = (log.len(), Line::open(&app).await);
            line.begin(&format!("{start}Host: x\r\nExpect: 100-continue\r\n\r\n")).await;
            line.leave(way).await;
            log.next(1, ended).await;
            assert!(app.is_available(&token).await, "{start}{way:?}");
        }
    }
}
