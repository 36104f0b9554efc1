//! Callers who leave while a passphrase is being stretched for them: a guess is not counted, and
//! nothing is consumed or stored.

use serde_json::{Value, json};

use super::access::AccessLog;
use super::line::{Line, WAYS, Way};

use super::{come_round, living, spawn_narrow_app};
use crate::held::{Turn, hold};
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

/// Sends a guess, and leaves while it is stretched. The store lets it pass once, says that a
/// passphrase is needed, and stands still before anything can come of the guess. What is stretched
/// after it comes to its end after it.
async fn guess_and_leave(app: &TestApp, token: &str, passphrase: &str, way: Way) {
    let log = AccessLog::read();
    let guess = json!({ "token": token, "passphrase": passphrase });
    let mut line = Line::open(app).await;
    let held = hold(&app.store);
    line.ask(post("/api/v1/reveal", &guess)).await;
    come_round(app).await;
    let turn = Turn::queue(&held, &app.store);
    drop(held);
    turn.come();
    come_round(app).await;
    let ended = log.len();
    line.leave_unanswered(way).await;
    log.tells_of_one_who_left(ended).await;
}

#[actix_web::test]
async fn a_guess_whose_sender_leaves_while_it_is_stretched_is_not_counted() {
    let app = spawn_narrow_app();
    let token = app.protect("x").await;
    for (way, left) in WAYS.into_iter().zip([9, 8, 7]) {
        guess_and_leave(&app, &token, WRONG, way).await;
        let problem = document(app.unlock(&token, WRONG).await).await;
        assert_eq!(problem["attempts_left"], left, "{way:?}");
    }
}

#[actix_web::test]
async fn nothing_is_consumed_for_who_leaves_while_the_right_passphrase_is_stretched() {
    let app = spawn_narrow_app();
    let token = app.protect("x").await;
    for way in WAYS {
        guess_and_leave(&app, &token, PASSPHRASE, way).await;
        assert_eq!(app.unlock(&token, WRONG).await.status(), 403, "{way:?}");
    }
    assert_eq!(app.unlock(&token, PASSPHRASE).await.status(), 200);
}

#[actix_web::test]
async fn nothing_is_stored_for_who_leaves_while_its_passphrase_is_stretched() {
    let (log, app) = (AccessLog::read(), spawn_narrow_app());
    let creation = json!({ "content": "x", "passphrase": PASSPHRASE });
    for (way, others) in WAYS.into_iter().zip(1..) {
        let mut line = Line::open(&app).await;
        let held = hold(&app.store);
        line.ask(post("/api/v1/secrets", &creation)).await;
        come_round(&app).await;
        let ended = log.len();
        line.leave_unanswered(way).await;
        log.tells_of_one_who_left(ended).await;
        drop(held);
        app.protect("y").await;
        assert_eq!(living(&app).await, others, "{way:?}");
    }
}
