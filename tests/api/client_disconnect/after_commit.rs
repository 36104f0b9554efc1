//! Clients that disconnect after the commit and before the response is written: the effect stays, the
//! receipt reports it, and a client with an idempotency key gets the response again.

use super::attempt::{Attempt, KINDS, Kind};
use super::connection::{Connection, WAYS, Way};
use crate::access_log::AccessLog;

use super::{empty_log, logged_bytes, settle_worker, spawn_narrow_app};
use crate::paused_store::{Barrier, pause};
use crate::support::TestApp;

/// Sends a request and returns when it is committed. The response waits until the returned guard is
/// dropped; `None` if the request arrived too late to be in that commit.
async fn commit<'a>(
    app: &'a TestApp,
    connection: &mut Connection,
    attempt: &Attempt,
) -> Option<Barrier<'a>> {
    empty_log(app).await;
    let paused = pause(&app.store);
    let barrier = Barrier::queue(&paused, &app.store);
    let before = logged_bytes(app);
    connection.ask(attempt.request(app)).await;
    settle_worker(app).await;
    drop(paused);
    barrier.wait_until_reached();
    (logged_bytes(app) > before).then_some(barrier)
}

/// Disconnects a client between the commit of its request and the response.
async fn leave_committed(app: &TestApp, kind: Kind, way: Way) -> Attempt {
    let log = AccessLog::read();
    loop {
        let attempt = Attempt::prepare(app, kind).await;
        let mut connection = Connection::open(app).await;
        if let Some(barrier) = commit(app, &mut connection, &attempt).await {
            let ended = log.len();
            connection.leave_unanswered(way).await;
            log.expect_disconnect(ended).await;
            drop(barrier);
            return attempt;
        }
    }
}

#[actix_web::test]
async fn a_committed_request_stays_done_if_the_client_disconnects_before_the_response() {
    let app = spawn_narrow_app();
    for kind in KINDS {
        for way in WAYS {
            leave_committed(&app, kind, way).await.expect_done(&app).await;
        }
    }
}

#[actix_web::test]
async fn a_disconnect_before_the_first_response_cancels_the_second_pipelined_request() {
    let (log, app) = (AccessLog::read(), spawn_narrow_app());
    for way in WAYS {
        let (first, barrier, mut connection, second) = loop {
            let second = Attempt::prepare(&app, Kind::Get).await;
            let first = Attempt::prepare(&app, Kind::Get).await;
            let mut connection = Connection::open(&app).await;
            if let Some(barrier) = commit(&app, &mut connection, &first).await {
                break (first, barrier, connection, second);
            }
        };
        connection.send(&second.request(&app).0).await;
        settle_worker(&app).await;
        let ended = log.len();
        connection.leave_unanswered(way).await;
        log.expect_disconnect(ended).await;
        drop(barrier);
        first.expect_done(&app).await;
        second.expect_intact(&app).await;
    }
}
