//! Clients that disconnect before they have sent the whole request: no part is taken for the whole, and
//! an unintended request consumes nothing.

use super::attempt::{Attempt, BODIES, KINDS, Kind};
use super::connection::{Connection, WAYS, Way};
use super::{LONG, living, spawn_narrow_app};
use crate::access_log::AccessLog;
use crate::support::{TestApp, secret, spawn_app, spawn_app_in};

/// The statuses logged for a request that was cut off.
const BROKEN_OFF: [u64; 2] = [400, 499];

/// Sends a part of a request of each of `kinds` and disconnects in each way. Asserts that nothing is
/// done, not even after a restart of the service.
async fn expect_nothing(kinds: &[Kind], say: impl AsyncFn(&TestApp, &Attempt, Way)) {
    let app = spawn_narrow_app();
    let mut attempts = Vec::new();
    for kind in kinds {
        for way in WAYS {
            let attempt = Attempt::prepare(&app, *kind).await;
            say(&app, &attempt, way).await;
            attempt.expect_untouched(&app).await;
            attempts.push(attempt);
        }
    }
    let before = living(&app).await;
    let app = spawn_app_in(app.stop().await, |settings| settings.secrets.redeliver_seconds = LONG);
    assert_eq!(living(&app).await, before);
    for attempt in attempts {
        attempt.expect_intact(&app).await;
    }
}

/// As [`expect_nothing`], with the whole head and the part of the body that `body` returns.
async fn expect_no_effect_after_the_head(body: impl Fn(&str) -> &str) {
    let log = AccessLog::read();
    let say = async |app: &TestApp, attempt: &Attempt, way: Way| {
        let (ended, mut connection) = (log.len(), Connection::open(app).await);
        let (head, whole) = attempt.request(app);
        connection.ask((head, body(&whole).to_owned())).await;
        let answer = connection.leave(way).await;
        assert!(!answer.contains("HTTP/1.1 2"), "{answer}");
        let status = log.next(1, ended).await[0];
        assert!(BROKEN_OFF.contains(&status), "{:?}, {way:?}: {status}", attempt.kind);
    };
    expect_nothing(&BODIES, say).await;
}

#[actix_web::test]
async fn a_disconnect_within_the_head_has_no_effect() {
    expect_nothing(&KINDS, async |app, attempt, way| {
        let (head, _) = attempt.request(app);
        for part in [&head[..head.len() / 2], head.strip_suffix("\r\n").unwrap()] {
            let mut connection = Connection::open(app).await;
            connection.send(part).await;
            connection.leave_unanswered(way).await;
        }
    })
    .await;
}

#[actix_web::test]
async fn a_disconnect_before_the_body_has_no_effect() {
    expect_no_effect_after_the_head(|_body| "").await;
}

#[actix_web::test]
async fn a_disconnect_within_the_body_has_no_effect() {
    expect_no_effect_after_the_head(|body| &body[..body.len() / 2]).await;
}

/// A chunked body has no length, only an end.
#[actix_web::test]
async fn a_disconnect_before_the_last_chunk_has_no_effect() {
    let log = AccessLog::read();
    expect_nothing(&BODIES, async |app, attempt, way| {
        let (head, body) = attempt.request(app);
        let length = format!("Content-Length: {}", body.len());
        let longer = format!("Content-Length: {}", body.len() + 1);
        let chunk = format!("{:x}\r\n{body}\r\n", body.len());
        let lacking = [
            (head.replace(&length, &longer), body),
            (head.replace(&length, "Transfer-Encoding: chunked"), chunk),
        ];
        for request in lacking {
            let (ended, mut connection) = (log.len(), Connection::open(app).await);
            connection.ask(request).await;
            let answer = connection.leave(way).await;
            assert!(!answer.contains("HTTP/1.1 2"), "{answer}");
            assert!(BROKEN_OFF.contains(&log.next(1, ended).await[0]));
        }
    })
    .await;
}

#[actix_web::test]
async fn an_unintended_request_whose_client_disconnects_consumes_nothing() {
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
            let (ended, mut connection) = (log.len(), Connection::open(&app).await);
            connection.begin(&format!("{start}Host: x\r\nExpect: 100-continue\r\n\r\n")).await;
            connection.leave(way).await;
            log.next(1, ended).await;
            assert!(app.is_available(&token).await, "{start}{way:?}");
        }
    }
}
