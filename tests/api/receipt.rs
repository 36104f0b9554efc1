//! Receipts: what they report for each end, for how long, and that they burn but do not open a secret.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use viewonce::domain::clock::Timestamp;

use crate::expect_problem;
use crate::support::{
    PASSPHRASE, TestApp, UNKNOWN_TOKEN, document, receipt_address, send, spawn_app, spawn_app_with,
    text,
};

const HOUR: Duration = Duration::from_hours(1);

/// Stores a secret for an hour; returns its token, its receipt and when it expires.
async fn deposit(app: &TestApp) -> (String, String, String) {
    let body = json!({ "content": "x", "ttl_hours": 1, "receipt": true });
    let created = app.create(&body).await;
    (text(&created, "token"), text(&created, "receipt"), text(&created, "expires_at"))
}

/// Asserts that `written` lies between two instants.
fn assert_between(written: &Value, from: Timestamp, to: Timestamp) {
    let written = written.as_str().unwrap();
    let (from, to) = (from.to_rfc3339(), to.to_rfc3339());
    assert!(from.as_str() <= written && written <= to.as_str(), "{from} {written} {to}");
}

/// Asserts that burning by the receipt of a secret that ended as `state` is a 409.
async fn expect_ended(app: &TestApp, receipt: &str, state: &str) {
    let problem = expect_problem(app.revoke(receipt).await, 409, "secret-ended").await;
    assert_eq!(problem["state"], state);
    assert_eq!(app.state(receipt).await, state);
}

#[actix_web::test]
async fn only_a_creation_that_asks_for_a_receipt_gets_one() {
    let app = spawn_app();
    for wanted in [json!(null), json!(false)] {
        let created = app.create(&json!({ "content": "x", "receipt": wanted })).await;
        assert!(created.get("receipt").is_none());
    }
    let (token, receipt, _) = deposit(&app).await;
    assert_eq!(receipt.len(), 43);
    assert_ne!(receipt, token);
}

#[actix_web::test]
async fn a_receipt_reports_when_its_secret_was_created_and_ended() {
    let app = spawn_app();
    let before = app.clock.now();
    let (token, receipt, expires_at) = deposit(&app).await;
    let after = app.clock.now();
    let pending = document(app.inspect(&receipt).await).await;
    let created_at = &pending["created_at"];
    assert_between(created_at, before, after);
    let expected = json!({
        "state": "pending",
        "created_at": created_at,
        "expires_at": expires_at,
        "ended_at": null,
    });
    assert_eq!(pending, expected);

    app.clock.advance(Duration::from_mins(1));
    let before = app.clock.now();
    app.view(&token).await;
    let after = app.clock.now();
    app.clock.advance(Duration::from_mins(1));
    let viewed = document(app.inspect(&receipt).await).await;
    let ended_at = &viewed["ended_at"];
    assert_between(ended_at, before, after);
    let expected = json!({
        "state": "viewed",
        "created_at": created_at,
        "expires_at": expires_at,
        "ended_at": ended_at,
    });
    assert_eq!(viewed, expected);
}

#[actix_web::test]
async fn a_receipt_reports_the_first_end_and_never_changes() {
    let app = spawn_app();
    let deposits = [deposit(&app).await, deposit(&app).await, deposit(&app).await];
    app.view(&deposits[0].0).await;
    app.reveal(&deposits[1].0).await;
    app.burn(&deposits[2].0).await;
    for after in [Duration::ZERO, HOUR] {
        app.clock.advance(after);
        for ((token, receipt, _), state) in deposits.iter().zip(["viewed", "viewed", "burned"]) {
            assert_eq!(app.burn(token).await.status(), 404);
            assert_eq!(app.state(receipt).await, state);
        }
    }
}

#[actix_web::test]
async fn a_secret_is_expired_from_its_instant_on() {
    let app = spawn_app();
    let (_, receipt, expires_at) = deposit(&app).await;
    app.clock.advance(Duration::from_mins(55));
    assert_eq!(app.state(&receipt).await, "pending");
    app.clock.advance(Duration::from_mins(5));
    let expired = document(app.inspect(&receipt).await).await;
    assert_eq!(expired["state"], "expired");
    assert_eq!([&expired["expires_at"], &expired["ended_at"]], [&*expires_at; 2]);
    expect_ended(&app, &receipt, "expired").await;
}

#[actix_web::test]
async fn a_secret_is_locked_by_its_last_wrong_passphrase() {
    let app = spawn_app_with(|settings| settings.secrets.max_attempts = 1);
    let terms = json!({ "content": "x", "passphrase": PASSPHRASE, "receipt": true });
    let created = app.create(&terms).await;
    let (token, receipt) = (text(&created, "token"), text(&created, "receipt"));
    app.reveal(&token).await;
    assert_eq!(app.state(&receipt).await, "pending");
    let before = app.clock.now();
    app.unlock(&token, "open barley").await;
    let locked = document(app.inspect(&receipt).await).await;
    assert_eq!(locked["state"], "locked");
    assert_between(&locked["ended_at"], before, app.clock.now());
    expect_ended(&app, &receipt, "locked").await;
}

#[actix_web::test]
async fn a_receipt_is_kept_after_the_end_for_as_long_as_configured() {
    let app = spawn_app_with(|settings| settings.receipts.keep_hours = 0.5);
    let (token, viewed, _) = deposit(&app).await;
    let (_, expired, _) = deposit(&app).await;
    app.view(&token).await;
    let most = Duration::from_mins(25);
    app.clock.advance(most);
    assert_eq!(app.state(&viewed).await, "viewed");
    app.clock.advance(Duration::from_mins(5));
    for response in [app.inspect(&viewed).await, app.revoke(&viewed).await] {
        expect_problem(response, 404, "receipt-not-found").await;
    }
    assert_eq!(app.state(&expired).await, "pending");
    app.clock.advance(Duration::from_mins(30));
    app.clock.advance(most);
    assert_eq!(app.state(&expired).await, "expired");
    app.clock.advance(Duration::from_mins(5));
    expect_problem(app.inspect(&expired).await, 404, "receipt-not-found").await;
}

#[actix_web::test]
async fn every_missing_receipt_gets_the_same_response() {
    let app = spawn_app();
    let (token, receipt, _) = deposit(&app).await;
    let encoded = format!("%{:02X}{}", receipt.as_bytes()[0], &receipt[1..]);
    let (padded, spaced) = (format!("{receipt}="), format!("{receipt}%20"));
    let spare_bits = format!("{}9", &UNKNOWN_TOKEN[..42]);
    let mut answers = Vec::new();
    for receipt in [UNKNOWN_TOKEN, &token, &encoded, &padded, &spaced, &spare_bits, "x"] {
        for response in [app.inspect(receipt).await, app.revoke(receipt).await] {
            let mut problem = expect_problem(response, 404, "receipt-not-found").await;
            problem["request_id"].take();
            answers.push(problem);
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(app.state(&receipt).await, "pending");
    assert!(app.is_available(&token).await);
}

#[actix_web::test]
async fn burning_by_a_receipt_succeeds_each_time() {
    let app = spawn_app();
    let (token, receipt, _) = deposit(&app).await;
    for _ in 0..3 {
        let response = app.revoke(&receipt).await;
        assert_eq!(response.status(), 204);
        assert_eq!(response.text().await.unwrap(), "");
        assert_eq!(app.state(&receipt).await, "burned");
        expect_problem(app.view(&token).await, 404, "secret-not-found").await;
    }
    let (token, receipt, _) = deposit(&app).await;
    assert_eq!(app.burn(&token).await.status(), 204);
    assert_eq!(app.revoke(&receipt).await.status(), 204);
}

#[actix_web::test]
async fn a_receipt_burns_nothing_that_was_viewed() {
    let app = spawn_app();
    let (token, receipt, _) = deposit(&app).await;
    app.view(&token).await;
    expect_ended(&app, &receipt, "viewed").await;
}

#[actix_web::test]
async fn a_receipt_opens_nothing() {
    let app = spawn_app();
    let (token, receipt, _) = deposit(&app).await;
    for response in [
        app.view(&receipt).await,
        app.reveal(&receipt).await,
        app.status(&receipt).await,
        app.burn(&receipt).await,
    ] {
        expect_problem(response, 404, "secret-not-found").await;
    }
    assert!(app.is_available(&token).await);
}

#[actix_web::test]
async fn reading_a_receipt_consumes_nothing() {
    let app = spawn_app();
    let (token, receipt, _) = deposit(&app).await;
    let headers = [
        ("range", "bytes=0-0"),
        ("if-none-match", "*"),
        ("sec-purpose", "prefetch"),
        ("accept", "text/html"),
        ("origin", "https://elsewhere.example"),
    ];
    for (name, value) in headers {
        let request = app.request(Method::GET, &receipt_address(&receipt)).header(name, value);
        assert_eq!(document(send(request).await).await["state"], "pending", "{name}");
    }
    for method in ["HEAD", "OPTIONS", "POST", "PUT", "PATCH"] {
        let request = app.request(method.parse().unwrap(), &receipt_address(&receipt));
        let response = send(request).await;
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()["allow"], "GET, DELETE");
    }
    assert!(app.is_available(&token).await);
}
