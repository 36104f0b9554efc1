//! Repeats: only a client that revealed with an idempotency key may reveal again; when that ends.

use std::time::Duration;

use futures_util::future::join;
use reqwest::{Client, Method, Response};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, copy};
use tokio::net::{TcpListener, TcpStream};

use crate::expect_problem;
use crate::support::{
    PASSPHRASE, REPEAT_KEYS, TestApp, document, secret, send, spawn_app, spawn_app_in,
    spawn_app_with, text,
};

const KEY: &str = REPEAT_KEYS[0];
const OTHER_KEY: &str = REPEAT_KEYS[1];
const REVEAL: &str = "/api/v1/reveal";

async fn expect_nothing(response: Response) {
    expect_problem(response, 404, "secret-not-found").await;
}

/// Asserts that `response` holds `content`.
async fn expect_content(response: Response, content: &str) {
    assert_eq!(response.status(), 200);
    assert_eq!(document(response).await["content"], content);
}

/// Stores a secret and reveals it with the key; returns its token and its receipt.
async fn revealed(app: &TestApp) -> (String, String) {
    let (token, receipt) = app.store_with_receipt("x").await;
    expect_content(app.reveal_with_key(&token, KEY).await, "x").await;
    (token, receipt)
}

#[actix_web::test]
async fn only_the_same_key_repeats_a_reveal() {
    let app = spawn_app();
    let (token, receipt) = revealed(&app).await;
    for _ in 0..2 {
        expect_nothing(app.reveal_with_key(&token, OTHER_KEY).await).await;
        expect_nothing(app.reveal_with_key(&token, &KEY.to_uppercase()).await).await;
        expect_nothing(app.reveal(&token).await).await;
        expect_nothing(app.unlock(&token, PASSPHRASE).await).await;
        expect_nothing(app.view(&token).await).await;
        expect_nothing(app.status(&token).await).await;
        let by_get = app.request(Method::GET, &secret(&token)).header("Idempotency-Key", KEY);
        expect_nothing(send(by_get).await).await;
        expect_content(app.reveal_with_key(&token, KEY).await, "x").await;
        assert_eq!(app.state(&receipt).await, "viewed");
    }
}

#[actix_web::test]
async fn one_key_repeats_each_secret_it_revealed() {
    let app = spawn_app();
    let tokens = [app.store("first").await, app.store("second").await];
    for _ in 0..2 {
        for (token, content) in tokens.iter().zip(["first", "second"]) {
            expect_content(app.reveal_with_key(token, KEY).await, content).await;
        }
    }
}

#[actix_web::test]
async fn a_view_by_address_is_not_repeated() {
    let app = spawn_app();
    let token = app.store("x").await;
    let by_get = || app.request(Method::GET, &secret(&token)).header("Idempotency-Key", KEY);
    expect_content(send(by_get()).await, "x").await;
    expect_nothing(send(by_get()).await).await;
    expect_nothing(app.reveal_with_key(&token, KEY).await).await;
}

#[actix_web::test]
async fn a_guessable_idempotency_key_is_refused_without_effect() {
    let app = spawn_app();
    let token = app.store("x").await;
    let quoted = format!("\"{KEY}\"");
    let (short, wide, padded) = ("a".repeat(21), "é".repeat(22), format!("{KEY}=="));
    let two_in_one = format!("{KEY}, {KEY}");
    let paths = ["/api/v1/secrets", REVEAL, "/api/v1/acknowledge"];
    let body = |path: &str| {
        let member = if path == paths[0] { "content" } else { "token" };
        json!({ member: token })
    };
    for path in paths {
        let request = || app.request(Method::POST, path).json(&body(path));
        let mut requests = vec![
            request().header("Idempotency-Key", KEY).header("Idempotency-Key", KEY),
            request().header("Idempotency-Key", KEY).header("Idempotency-Key", OTHER_KEY),
            request().header("Idempotency-Key", wide.as_bytes()),
        ];
        for key in ["", "1", &short, &quoted, &padded, &two_in_one, &" ".repeat(22)] {
            requests.push(request().header("Idempotency-Key", key));
        }
        for request in requests {
            let problem = expect_problem(send(request).await, 422, "invalid-fields").await;
            assert_eq!(problem["errors"][0]["field"], "Idempotency-Key", "{path}");
            assert_eq!(problem["errors"].as_array().unwrap().len(), 1);
        }
        assert!(app.is_available(&token).await);
    }
}

#[actix_web::test]
async fn repeating_does_not_extend_the_time_for_repeats() {
    let app = spawn_app_with(|settings| settings.secrets.redeliver_seconds = 1_000);
    let (token, receipt) = revealed(&app).await;
    for _ in 0..2 {
        app.clock.advance(Duration::from_secs(450));
        expect_content(app.reveal_with_key(&token, KEY).await, "x").await;
    }
    app.clock.advance(Duration::from_secs(100));
    expect_nothing(app.reveal_with_key(&token, KEY).await).await;
    expect_nothing(app.acknowledge(&token, KEY).await).await;
    assert_eq!(app.state(&receipt).await, "viewed");
}

#[actix_web::test]
async fn a_repeat_ends_with_the_life_of_its_secret() {
    let app = spawn_app_with(|settings| settings.secrets.redeliver_seconds = 3_600);
    let created = app.create(&json!({ "content": "x", "ttl_hours": 0.5 })).await;
    let token = text(&created, "token");
    expect_content(app.reveal_with_key(&token, KEY).await, "x").await;
    app.clock.advance(Duration::from_mins(25));
    expect_content(app.reveal_with_key(&token, KEY).await, "x").await;
    app.clock.advance(Duration::from_mins(5));
    expect_nothing(app.reveal_with_key(&token, KEY).await).await;
}

#[actix_web::test]
async fn repeats_can_be_turned_off() {
    let app = spawn_app_with(|settings| settings.secrets.redeliver_seconds = 0);
    let (token, _) = revealed(&app).await;
    expect_nothing(app.reveal_with_key(&token, KEY).await).await;
    expect_nothing(app.acknowledge(&token, KEY).await).await;
}

#[actix_web::test]
async fn acknowledging_ends_a_repeat_and_touches_nothing_that_lives() {
    let app = spawn_app();
    let (token, receipt) = app.store_with_receipt("x").await;
    expect_nothing(app.acknowledge(&token, KEY).await).await;
    assert!(app.is_available(&token).await);
    expect_content(app.reveal_with_key(&token, KEY).await, "x").await;
    expect_nothing(app.acknowledge(&token, OTHER_KEY).await).await;
    let without_key = app.post("/api/v1/acknowledge", &json!({ "token": token })).await;
    let problem = expect_problem(without_key, 422, "invalid-fields").await;
    assert_eq!(problem["errors"][0]["field"], "Idempotency-Key");
    expect_content(app.reveal_with_key(&token, KEY).await, "x").await;

    let acknowledged = app.acknowledge(&token, KEY).await;
    assert_eq!(acknowledged.status(), 204);
    assert_eq!(acknowledged.text().await.unwrap(), "");
    expect_nothing(app.reveal_with_key(&token, KEY).await).await;
    expect_nothing(app.acknowledge(&token, KEY).await).await;
    assert_eq!(app.state(&receipt).await, "viewed");
}

#[actix_web::test]
async fn a_burn_ends_repeats_but_the_secret_counts_as_viewed() {
    let app = spawn_app();
    let (token, receipt) = revealed(&app).await;
    expect_nothing(app.burn(&token).await).await;
    expect_nothing(app.reveal_with_key(&token, KEY).await).await;
    assert_eq!(app.state(&receipt).await, "viewed");

    let (token, receipt) = revealed(&app).await;
    let problem = expect_problem(app.revoke(&receipt).await, 409, "secret-ended").await;
    assert_eq!(problem["state"], "viewed");
    expect_nothing(app.reveal_with_key(&token, KEY).await).await;
    assert_eq!(app.state(&receipt).await, "viewed");
}

#[actix_web::test]
async fn a_repeat_needs_no_passphrase_and_survives_a_restart() {
    let app = spawn_app();
    let (plain, protected) = (app.store("plain").await, app.protect("protected").await);
    expect_content(app.reveal_with_key(&plain, KEY).await, "plain").await;
    let body = json!({ "token": protected, "passphrase": PASSPHRASE });
    expect_content(app.post_with_key(REVEAL, &body, KEY).await, "protected").await;
    expect_content(app.reveal_with_key(&protected, KEY).await, "protected").await;
    let app = spawn_app_in(app.stop().await, |_default| {});
    expect_nothing(app.reveal_with_key(&protected, OTHER_KEY).await).await;
    expect_nothing(app.post_with_key(REVEAL, &body, OTHER_KEY).await).await;
    expect_content(app.reveal_with_key(&plain, KEY).await, "plain").await;
    expect_content(app.reveal_with_key(&protected, KEY).await, "protected").await;
    expect_content(app.post_with_key(REVEAL, &body, KEY).await, "protected").await;
}

/// Reveals a secret over a connection that breaks at the first byte of the response.
async fn reveal_over_a_breaking_connection(app: &TestApp, token: &str, key: Option<&str>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{REVEAL}", listener.local_addr().unwrap());
    let line = async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut service = TcpStream::connect(app.address).await.unwrap();
        let ((mut request, _), (mut answer, mut to_service)) = (client.split(), service.split());
        tokio::select! {
            _ = copy(&mut request, &mut to_service) => unreachable!("the client waits"),
            first = answer.read_u8() => assert_eq!(first.unwrap(), b'H'),
        }
    };
    let request = Client::new().post(url).json(&json!({ "token": token }));
    let request =
        key.into_iter().fold(request, |request, key| request.header("Idempotency-Key", key));
    let (answer, ()) = join(request.send(), line).await;
    assert!(answer.is_err(), "the answer got through");
}

#[actix_web::test]
async fn a_lost_response_can_be_repeated_only_with_an_idempotency_key() {
    let app = spawn_app();
    let (token, receipt) = app.store_with_receipt("x").await;
    reveal_over_a_breaking_connection(&app, &token, Some(KEY)).await;
    assert_eq!(app.state(&receipt).await, "viewed");
    expect_nothing(app.reveal(&token).await).await;
    expect_content(app.reveal_with_key(&token, KEY).await, "x").await;

    let (token, receipt) = app.store_with_receipt("x").await;
    reveal_over_a_breaking_connection(&app, &token, None).await;
    assert_eq!(app.state(&receipt).await, "viewed");
    expect_nothing(app.reveal_with_key(&token, KEY).await).await;
}
