//! Passphrases: when one is required, and the effect of a wrong one.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use viewonce::domain::passphrase::STRETCHING_BYTES;

use crate::expect_problem;
use crate::support::{
    PASSPHRASE, REPEAT_KEYS, TestApp, UNKNOWN_TOKEN, document, spawn_app, spawn_app_with, text,
};

const WRONG: &str = "open barley";

/// Asserts that a wrong passphrase is refused; returns how many attempts are left.
async fn attempts_left(app: &TestApp, token: &str) -> u64 {
    let problem = expect_problem(app.unlock(token, WRONG).await, 403, "wrong-passphrase").await;
    problem["attempts_left"].as_u64().unwrap()
}

#[actix_web::test]
async fn creation_and_status_say_whether_a_passphrase_is_required() {
    let app = spawn_app();
    for (passphrase, is_required) in [(Value::Null, false), (json!(PASSPHRASE), true)] {
        let created = app.create(&json!({ "content": "x", "passphrase": passphrase })).await;
        assert_eq!(created["passphrase_required"], is_required);
        let status = document(app.status(&text(&created, "token")).await).await;
        assert_eq!(status["passphrase_required"], is_required);
    }
}

#[actix_web::test]
async fn without_its_passphrase_a_secret_stays_with_all_its_attempts() {
    let app = spawn_app_with(|settings| settings.secrets.max_attempts = 1);
    let token = app.protect("x").await;
    let null = json!({ "token": token, "passphrase": null });
    for response in [
        app.view(&token).await,
        app.reveal(&token).await,
        app.post("/api/v1/reveal", &null).await,
        app.reveal_with_key(&token, REPEAT_KEYS[0]).await,
    ] {
        expect_problem(response, 403, "passphrase-required").await;
        assert!(app.is_available(&token).await);
    }
    let answer = document(app.unlock(&token, PASSPHRASE).await).await;
    assert_eq!(answer, json!({ "content": "x", "message": "Secret retrieved successfully" }));
    expect_problem(app.unlock(&token, PASSPHRASE).await, 404, "secret-not-found").await;
}

#[actix_web::test]
async fn a_wrong_passphrase_burns_nothing_until_the_last_attempt() {
    let app = spawn_app_with(|settings| settings.secrets.max_attempts = 3);
    let token = app.protect("x").await;
    for left in [2, 1] {
        assert_eq!(attempts_left(&app, &token).await, left);
        assert!(app.is_available(&token).await);
    }
    assert_eq!(attempts_left(&app, &token).await, 0);
    expect_problem(app.status(&token).await, 404, "secret-not-found").await;
    expect_problem(app.unlock(&token, PASSPHRASE).await, 404, "secret-not-found").await;
    expect_problem(app.unlock(&token, WRONG).await, 404, "secret-not-found").await;
}

#[actix_web::test]
async fn the_last_attempt_may_be_the_right_one() {
    let app = spawn_app_with(|settings| settings.secrets.max_attempts = 2);
    let token = app.protect("x").await;
    assert_eq!(attempts_left(&app, &token).await, 1);
    assert_eq!(document(app.unlock(&token, PASSPHRASE).await).await["content"], "x");
}

#[actix_web::test]
async fn a_passphrase_of_1024_bytes_is_the_same_however_it_is_typed() {
    let app = spawn_app();
    let (composed, decomposed) = ("\u{e9}".repeat(512), "e\u{301}".repeat(512));
    let created = app.create(&json!({ "content": "x", "passphrase": composed })).await;
    let token = text(&created, "token");
    assert_eq!(document(app.unlock(&token, &decomposed).await).await["content"], "x");
}

#[actix_web::test]
async fn an_invalid_passphrase_is_refused_in_every_request() {
    let app = spawn_app();
    let token = app.store("x").await;
    let too_long = ["x".repeat(1_025), "e\u{301}".repeat(513), "\u{fb2c}".repeat(171)];
    let others = [json!(""), json!(5), json!(true), json!(["x"]), json!({ "x": "y" })];
    for passphrase in too_long.into_iter().map(Value::from).chain(others) {
        let bodies = [
            ("/api/v1/secrets", json!({ "content": "x", "passphrase": passphrase })),
            ("/api/v1/reveal", json!({ "token": token, "passphrase": passphrase })),
            ("/api/v1/reveal", json!({ "token": UNKNOWN_TOKEN, "passphrase": passphrase })),
        ];
        for (path, body) in bodies {
            let problem = expect_problem(app.post(path, &body).await, 422, "invalid-fields").await;
            let errors = problem["errors"].as_array().unwrap();
            assert_eq!(errors.len(), 1, "{passphrase}");
            assert_eq!(errors[0]["field"], "passphrase", "{passphrase}");
        }
    }
    assert!(app.is_available(&token).await);
}

#[actix_web::test]
async fn an_unneeded_passphrase_is_ignored() {
    let app = spawn_app();
    let token = app.store("x").await;
    assert_eq!(document(app.unlock(&token, WRONG).await).await["content"], "x");
    expect_problem(app.unlock(UNKNOWN_TOKEN, WRONG).await, 404, "secret-not-found").await;
}

#[actix_web::test]
async fn burning_needs_no_passphrase() {
    let app = spawn_app();
    let token = app.protect("x").await;
    assert_eq!(app.burn(&token).await.status(), 204);
    expect_problem(app.unlock(&token, PASSPHRASE).await, 404, "secret-not-found").await;
}

#[actix_web::test]
async fn one_of_many_concurrent_passphrases_wins_and_nothing_is_burned() {
    let app = spawn_app_with(|settings| settings.secrets.max_attempts = 4);
    let terms = json!({ "content": "x", "passphrase": PASSPHRASE, "receipt": true });
    let created = app.create(&terms).await;
    let token = text(&created, "token");
    let wrong = join_all((0..3).map(|_| app.unlock(&token, WRONG)));
    let right = join_all((0..3).map(|_| app.unlock(&token, PASSPHRASE)));
    let (wrong, right) = join(wrong, right).await;
    for response in wrong {
        if response.status() == 404 {
            continue;
        }
        let problem = expect_problem(response, 403, "wrong-passphrase").await;
        assert!(problem["attempts_left"].as_u64().unwrap() > 0);
    }
    let (seen, late): (Vec<_>, Vec<_>) =
        right.into_iter().partition(|response| response.status() == 200);
    assert_eq!(seen.len(), 1);
    for response in late {
        expect_problem(response, 404, "secret-not-found").await;
    }
    assert_eq!(app.state(&text(&created, "receipt")).await, "viewed");
}

#[actix_web::test]
async fn a_secret_lives_its_full_lifetime_even_if_its_passphrase_was_queued() {
    const SECRETS: usize = 4;
    let app = spawn_app_with(|settings| settings.passphrases.memory_bytes = STRETCHING_BYTES);
    let body = json!({ "content": "x", "passphrase": PASSPHRASE });
    let answers = join_all((0..SECRETS).map(|_| app.create(&body))).await;
    let expiry = |answer: &Value| text(answer, "expires_at").parse::<DateTime<Utc>>().unwrap();
    let mut expiries: Vec<_> = answers.iter().map(expiry).collect();
    expiries.sort();
    // Each secret's life began after its passphrase was stretched, which takes noticeable time.
    for pair in expiries.windows(2) {
        assert!(pair[1] - pair[0] >= TimeDelta::milliseconds(10), "{expiries:?}");
    }
}
