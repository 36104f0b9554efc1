//! Clients that disconnect while their request is queued for the store: it never runs.

use super::attempt::{Attempt, KINDS, Kind};
use super::connection::{Connection, WAYS};
use super::{settle_worker, spawn_narrow_app};
use crate::access_log::AccessLog;
use crate::paused_store::pause;
use crate::support::{receipt_address, spawn_app_with};

#[actix_web::test]
async fn a_disconnect_before_the_store_runs_the_request_has_no_effect() {
    let (log, app) = (AccessLog::read(), spawn_narrow_app());
    for kind in KINDS {
        for way in WAYS {
            let attempt = Attempt::prepare(&app, kind).await;
            let mut connection = Connection::open(&app).await;
            let paused = pause(&app.store);
            connection.ask(attempt.request(&app)).await;
            settle_worker(&app).await;
            let ended = log.len();
            connection.leave_unanswered(way).await;
            log.expect_disconnect(ended).await;
            drop(paused);
            attempt.expect_untouched(&app).await;
        }
    }
}

/// The first request needs no store, so it is the second that waits for the store.
#[actix_web::test]
async fn a_disconnect_after_the_first_response_cancels_the_second_pipelined_request() {
    let (log, app) = (AccessLog::read(), spawn_narrow_app());
    for kind in [Kind::Get, Kind::Burn, Kind::Revoke] {
        for way in WAYS {
            let attempt = Attempt::prepare(&app, kind).await;
            let mut connection = Connection::open(&app).await;
            let paused = pause(&app.store);
            let (head, _) = attempt.request(&app);
            connection.send(&format!("GET /s HTTP/1.1\r\nHost: x\r\n\r\n{head}")).await;
            connection.read_to("</html>").await;
            connection.read_to("HTTP/1.1 100 Continue\r\n\r\n").await;
            settle_worker(&app).await;
            let ended = log.len();
            connection.leave_unanswered(way).await;
            log.expect_disconnect(ended).await;
            drop(paused);
            attempt.expect_untouched(&app).await;
        }
    }
}

/// The disconnect is noticed although unread bytes precede it.
#[actix_web::test]
async fn a_disconnect_behind_more_bytes_than_are_buffered_has_no_effect() {
    let (log, app) = (AccessLog::read(), spawn_narrow_app());
    for way in WAYS {
        let attempt = Attempt::prepare(&app, Kind::Get).await;
        let mut connection = Connection::open(&app).await;
        let paused = pause(&app.store);
        connection.ask(attempt.request(&app)).await;
        connection.send(&"GET /s HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000)).await;
        settle_worker(&app).await;
        let ended = log.len();
        connection.leave_unanswered(way).await;
        log.expect_disconnect(ended).await;
        drop(paused);
        attempt.expect_untouched(&app).await;
    }
}

#[actix_web::test]
async fn a_disconnected_waiter_no_longer_counts_against_the_limit() {
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
        let mut connection = Connection::open(&app).await;
        connection.begin(&head).await;
        settle_worker(&app).await;
        // The store runs in order, so it has answered the waiting client's first lookup.
        assert_eq!(app.state(&receipt).await, "pending");
        assert_eq!(app.get(&quick).await.status(), 503);
        let ended = log.len();
        connection.leave_unanswered(way).await;
        log.expect_disconnect(ended).await;
        assert_eq!(app.get(&quick).await.status(), 200, "{way:?}");
    }
    assert!(app.is_available(&token).await);
}
