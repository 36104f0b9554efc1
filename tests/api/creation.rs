//! Creations that are retried with the same key: one secret, and the same answer each time.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::expect_problem;
use crate::support::{
    PASSPHRASE, REPEAT_KEYS, TestApp, document, send, spawn_app, spawn_app_in, text,
};

const KEY: &str = REPEAT_KEYS[0];
const OTHER_KEY: &str = REPEAT_KEYS[1];
const PATH: &str = "/api/v1/secrets";

/// Stores a secret with the key.
async fn create(app: &TestApp, body: &Value) -> Response {
    app.post_with_key(PATH, body, KEY).await
}

/// Stores a secret with the key, written as `body`.
async fn create_raw(app: &TestApp, body: &'static str) -> Response {
    let request = app.request(Method::POST, PATH).header("Idempotency-Key", KEY);
    send(request.header("Content-Type", "application/json").body(body)).await
}

/// A 201 response without the parts that differ each time.
async fn whole(response: Response) -> (Vec<(String, String)>, String) {
    assert_eq!(response.status(), 201);
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in response.headers() {
        if !["x-request-id", "date"].contains(&name.as_str()) {
            headers.push((name.to_string(), value.to_str().unwrap().to_owned()));
        }
    }
    headers.sort();
    (headers, response.text().await.unwrap())
}

async fn token_of(response: Response) -> String {
    assert_eq!(response.status(), 201);
    text(&document(response).await, "token")
}

#[actix_web::test]
async fn a_retry_is_answered_the_same_however_it_is_written_and_stores_nothing() {
    let app = spawn_app();
    let bodies = [
        r#"{"content":"x","ttl_hours":2,"receipt":true}"#,
        r#" { "receipt" : true, "passphrase": null, "content": "\u0078", "ttl_hours": 2.0 } "#,
    ];
    let first = whole(create_raw(&app, bodies[0]).await).await;
    for body in bodies {
        app.clock.advance(Duration::from_mins(1));
        assert_eq!(whole(create_raw(&app, body).await).await, first);
    }
    let created: Value = serde_json::from_str(&first.1).unwrap();
    let (token, receipt) = (text(&created, "token"), text(&created, "receipt"));
    assert_eq!(document(app.view(&token).await).await["content"], "x");
    expect_problem(app.view(&token).await, 404, "secret-not-found").await;
    assert_eq!(app.state(&receipt).await, "viewed");
}

#[actix_web::test]
async fn another_request_with_the_same_key_is_refused_and_changes_nothing() {
    let app = spawn_app();
    let created = document(create(&app, &json!({ "content": "x" })).await).await;
    let others = [
        json!({ "content": "y" }),
        json!({ "content": "x", "ttl_hours": 2 }),
        json!({ "content": "x", "receipt": true }),
        json!({ "content": "x", "passphrase": PASSPHRASE }),
    ];
    for body in others {
        expect_problem(create(&app, &body).await, 422, "idempotency-key-reused").await;
    }
    let again = document(create(&app, &json!({ "content": "x" })).await).await;
    assert_eq!(again, created);
    let token = text(&created, "token");
    assert_eq!(document(app.view(&token).await).await["content"], "x");
}

#[actix_web::test]
async fn the_same_request_with_another_key_or_none_is_another_secret() {
    let app = spawn_app();
    let body = json!({ "content": "x" });
    let mut tokens = vec![app.store("x").await, app.store("x").await];
    for key in [KEY, OTHER_KEY] {
        tokens.push(token_of(app.post_with_key(PATH, &body, key).await).await);
    }
    for token in &tokens {
        assert_eq!(app.view(token).await.status(), 200);
    }
}

#[actix_web::test]
async fn a_retry_does_not_bring_back_an_ended_secret() {
    let app = spawn_app();
    let bodies = ["viewed", "burned", "expired"]
        .map(|content| json!({ "content": content, "ttl_hours": 1 }));
    let keys = [KEY, OTHER_KEY, "the-third-key-of-this-test"];
    let mut created = Vec::new();
    for (body, key) in bodies.iter().zip(keys) {
        created.push(document(app.post_with_key(PATH, body, key).await).await);
    }
    assert_eq!(app.view(&text(&created[0], "token")).await.status(), 200);
    assert_eq!(app.burn(&text(&created[1], "token")).await.status(), 204);
    app.clock.advance(Duration::from_hours(1));
    for ((body, key), created) in bodies.iter().zip(keys).zip(&created) {
        let again = app.post_with_key(PATH, body, key).await;
        assert_eq!(again.status(), 201);
        assert_eq!(document(again).await, *created);
        let token = text(created, "token");
        expect_problem(app.status(&token).await, 404, "secret-not-found").await;
        expect_problem(app.view(&token).await, 404, "secret-not-found").await;
    }
}

#[actix_web::test]
async fn a_day_later_the_same_request_is_a_new_one() {
    let app = spawn_app();
    let body = json!({ "content": "x", "ttl_hours": 48 });
    let first = token_of(create(&app, &body).await).await;
    app.clock.advance(Duration::from_mins(24 * 60 - 5));
    assert_eq!(token_of(create(&app, &body).await).await, first);
    app.clock.advance(Duration::from_mins(5));
    let second = token_of(create(&app, &body).await).await;
    assert_ne!(second, first);
    assert_eq!(token_of(create(&app, &body).await).await, second);
    for token in [first, second] {
        assert_eq!(app.view(&token).await.status(), 200);
    }
}

#[actix_web::test]
async fn exactly_one_of_many_concurrent_retries_stores_a_secret() {
    let app = spawn_app();
    for round in 0..8 {
        let body = json!({ "content": format!("secret {round}"), "receipt": true });
        let key = format!("the-key-of-round-number-{round}");
        let answers = join_all((0..16).map(|_| app.post_with_key(PATH, &body, &key))).await;
        let mut answers = join_all(answers.into_iter().map(whole)).await;
        // All responses carry the expiry of the first creation.
        answers.dedup();
        assert_eq!(answers.len(), 1);
        let created: Value = serde_json::from_str(&answers[0].1).unwrap();
        let token = text(&created, "token");
        assert_eq!(app.view(&token).await.status(), 200);
        assert_eq!(app.view(&token).await.status(), 404);
    }
}

#[actix_web::test]
async fn a_retry_after_a_restart_is_answered_the_same() {
    let app = spawn_app();
    let body = json!({ "content": "x", "receipt": true });
    let created = whole(create(&app, &body).await).await;
    let app = spawn_app_in(app.stop().await, |_default| {});
    assert_eq!(whole(create(&app, &body).await).await, created);
}

#[actix_web::test]
async fn a_creation_with_a_passphrase_can_be_retried() {
    let app = spawn_app();
    let body = |passphrase| json!({ "content": "x", "passphrase": passphrase });
    let created = whole(create(&app, &body("caf\u{e9}")).await).await;
    assert_eq!(whole(create(&app, &body("cafe\u{301}")).await).await, created);
    let created: Value = serde_json::from_str(&created.1).unwrap();
    assert_eq!(created["passphrase_required"], true);
    let token = text(&created, "token");
    assert_eq!(document(app.unlock(&token, "caf\u{e9}").await).await["content"], "x");
    expect_problem(app.unlock(&token, "caf\u{e9}").await, 404, "secret-not-found").await;
}
