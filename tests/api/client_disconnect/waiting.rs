//! Callers who leave while what they asked for waits for its turn: it never has one.

use super::access::AccessLog;
use super::line::{Line, WAYS};
use super::stake::{KINDS, Kind, Stake};
use super::{come_round, spawn_narrow_app};
use crate::held::hold;
use crate::support::{receipt_address, spawn_app_with};

#[actix_web::test]
async fn nothing_is_done_for_who_leaves_before_the_store_has_its_turn() {
    let (log, app) = (AccessLog::read(), spawn_narrow_app());
    for kind in KINDS {
        for way in WAYS {
            let stake = Stake::lay(&app, kind).await;
            let mut line = Line::open(&app).await;
            let held = hold(&app.store);
            line.ask(stake.request(&app)).await;
            come_round(&app).await;
            let ended = log.len();
            line.leave_unanswered(way).await;
            log.tells_of_one_who_left(ended).await;
            drop(held);
            stake.expect_untouched(&app).await;
        }
    }
}

/// The first request is answered without the store, so that the second waits for it.
#[actix_web::test]
async fn nothing_is_done_for_who_leaves_after_the_first_of_two_requests() {
    let (log, app) = (AccessLog::read(), spawn_narrow_app());
    for kind in [Kind::Get, Kind::Burn, Kind::Revoke] {
        for way in WAYS {
            let stake = Stake::lay(&app, kind).await;
            let mut line = Line::open(&app).await;
            let held = hold(&app.store);
            let (head, _) = stake.request(&app);
            line.send(&format!("GET /s HTTP/1.1\r\nHost: x\r\n\r\n{head}")).await;
            line.read_to("</html>").await;
            line.read_to("HTTP/1.1 100 Continue\r\n\r\n").await;
            come_round(&app).await;
            let ended = log.len();
            line.leave_unanswered(way).await;
            log.tells_of_one_who_left(ended).await;
            drop(held);
            stake.expect_untouched(&app).await;
        }
    }
}

/// That it has left is seen behind bytes that are not read.
#[actix_web::test]
async fn nothing_is_done_for_who_leaves_after_sending_more_than_is_kept() {
    let (log, app) = (AccessLog::read(), spawn_narrow_app());
    for way in WAYS {
        let stake = Stake::lay(&app, Kind::Get).await;
        let mut line = Line::open(&app).await;
        let held = hold(&app.store);
        line.ask(stake.request(&app)).await;
        line.send(&"GET /s HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000)).await;
        come_round(&app).await;
        let ended = log.len();
        line.leave_unanswered(way).await;
        log.tells_of_one_who_left(ended).await;
        drop(held);
        stake.expect_untouched(&app).await;
    }
}

#[actix_web::test]
async fn the_seat_of_who_leaves_is_free_again() {
    let log = AccessLog::read();
    let app = spawn_app_with(|settings| {
        settings.server.workers = 1;
        settings.receipts.max_waiting = 1;
    });
    let (token, receipt) = app.store_with_receipt("x").await;
    let address = receipt_address(&receipt);
    let quick = address.clone() + "?wait=0.001";
    let head = format!("GET {address}?wait=30 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n");
    for way in WAYS {
        let mut line = Line::open(&app).await;
        line.begin(&head).await;
        come_round(&app).await;
        // What it asks the store before it waits is answered before this.
        assert_eq!(app.state(&receipt).await, "pending");
        assert_eq!(app.get(&quick).await.status(), 503);
        let ended = log.len();
        line.leave_unanswered(way).await;
        log.tells_of_one_who_left(ended).await;
        assert_eq!(app.get(&quick).await.status(), 200, "{way:?}");
    }
    assert!(app.is_available(&token).await);
}
