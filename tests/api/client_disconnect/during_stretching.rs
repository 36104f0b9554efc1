//! Clients that disconnect while their passphrase is stretched: the attempt is not counted, and nothing
//! is consumed or stored.

use serde_json::{Value, json};

use super::connection::{Connection, WAYS, Way};
use crate::access_log::AccessLog;

use super::{living, settle_worker, spawn_narrow_app};
use crate::paused_store::{Barrier, pause};
use crate::support::{PASSPHRASE, TestApp, document};

const WRONG: &str = "open barley";

fn post(path: &str, body: &Value) -> (String, String) {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    (head, body)
}

/// Sends an attempt, and disconnects while it is stretched. The store answers the first lookup (a
/// passphrase is required) and then pauses, so that the attempt can have no effect yet. Passphrases are
/// stretched in order: when a later one is done, this one is, too.
async fn guess_and_leave(app: &TestApp, token: &str, passphrase: &str, way: Way) {
    let log = AccessLog::read();
    let guess = json!({ "token": token, "passphrase": passphrase });
    let mut connection = Connection::open(app).await;
    let paused = pause(&app.store);
    connection.ask(post("/api/v1/reveal", &guess)).await;
    settle_worker(app).await;
    let barrier = Barrier::queue(&paused, &app.store);
    drop(paused);
    barrier.wait_until_reached();
    settle_worker(app).await;
    let ended = log.len();
    connection.leave_unanswered(way).await;
    log.expect_disconnect(ended).await;
}

#[actix_web::test]
async fn a_wrong_passphrase_is_not_counted_if_the_client_disconnects_while_it_is_stretched() {
    let app = spawn_narrow_app();
    let token = app.protect("x").await;
    for (way, left) in WAYS.into_iter().zip([9, 8, 7]) {
        guess_and_leave(&app, &token, WRONG, way).await;
        let problem = document(app.unlock(&token, WRONG).await).await;
        assert_eq!(problem["attempts_left"], left, "{way:?}");
    }
}

#[actix_web::test]
async fn a_disconnect_while_the_right_passphrase_is_stretched_consumes_nothing() {
    let app = spawn_narrow_app();
    let token = app.protect("x").await;
    for way in WAYS {
        guess_and_leave(&app, &token, PASSPHRASE, way).await;
        assert_eq!(app.unlock(&token, WRONG).await.status(), 403, "{way:?}");
    }
    assert_eq!(app.unlock(&token, PASSPHRASE).await.status(), 200);
}

#[actix_web::test]
async fn a_disconnect_while_the_passphrase_of_a_creation_is_stretched_stores_nothing() {
    let (log, app) = (AccessLog::read(), spawn_narrow_app());
    let creation = json!({ "content": "x", "passphrase": PASSPHRASE });
    for (way, others) in WAYS.into_iter().zip(1..) {
        let mut connection = Connection::open(&app).await;
        let paused = pause(&app.store);
        connection.ask(post("/api/v1/secrets", &creation)).await;
        settle_worker(&app).await;
        let ended = log.len();
        connection.leave_unanswered(way).await;
        log.expect_disconnect(ended).await;
        drop(paused);
        app.protect("y").await;
        assert_eq!(living(&app).await, others, "{way:?}");
    }
}
