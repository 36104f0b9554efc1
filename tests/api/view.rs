//! Viewing, burning and the status of secrets.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use viewonce::crypto::format::{Issued, Roots};
use viewonce::domain::secret::Plaintext;

use crate::expect_problem;
use crate::support::{
    REPEAT_KEYS, UNKNOWN_TOKEN, document, keys, secret, spawn_app, spawn_app_with,
};

#[actix_web::test]
async fn a_secret_is_viewed_once_by_its_address() {
    let app = spawn_app();
    let token = app.store("the spare key is under the third pot").await;
    let first = app.view(&token).await;
    assert_eq!(first.status(), 200);
    assert_eq!(
        document(first).await,
        json!({
            "content": "the spare key is under the third pot",
            "message": "Secret retrieved successfully",
        })
    );
    expect_problem(app.view(&token).await, 404, "secret-not-found").await;
    expect_problem(app.reveal(&token).await, 404, "secret-not-found").await;
}

#[actix_web::test]
async fn a_secret_is_revealed_once_by_its_token_in_the_body() {
    let app = spawn_app();
    let token = app.store("x").await;
    let answer = document(app.reveal(&token).await).await;
    assert_eq!(answer, json!({ "content": "x", "message": "Secret retrieved successfully" }));
    expect_problem(app.reveal(&token).await, 404, "secret-not-found").await;
    expect_problem(app.view(&token).await, 404, "secret-not-found").await;
}

#[actix_web::test]
async fn a_burned_secret_cannot_be_viewed() {
    let app = spawn_app();
    let token = app.store("x").await;
    let response = app.burn(&token).await;
    assert_eq!(response.status(), 204);
    assert_eq!(response.text().await.unwrap(), "");
    expect_problem(app.view(&token).await, 404, "secret-not-found").await;
    expect_problem(app.burn(&token).await, 404, "secret-not-found").await;
}

#[actix_web::test]
async fn status_reports_the_state_and_consumes_nothing() {
    let app = spawn_app();
    let created = document(app.post("/api/v1/secrets", &json!({ "content": "x" })).await).await;
    let token = created["token"].as_str().unwrap();
    for _ in 0..3 {
        let answer = document(app.status(token).await).await;
        let expected = json!({
            "state": "available",
            "expires_at": created["expires_at"],
            "passphrase_required": false,
        });
        assert_eq!(answer, expected);
    }
    assert_eq!(app.view(token).await.status(), 200);
    expect_problem(app.status(token).await, 404, "secret-not-found").await;
}

#[actix_web::test]
async fn every_missing_secret_gets_the_same_response() {
    let app = spawn_app();
    let (viewed, burnt) = (app.store("x").await, app.store("y").await);
    app.view(&viewed).await;
    app.burn(&burnt).await;
    let padded = format!("{UNKNOWN_TOKEN}=");
    let spare_bits = format!("{}9", &UNKNOWN_TOKEN[..42]);
    let mut answers = Vec::new();
    for token in [&viewed, &burnt, UNKNOWN_TOKEN, &padded, &spare_bits, "x", "null"] {
        for response in [
            app.view(token).await,
            app.reveal(token).await,
            app.status(token).await,
            app.burn(token).await,
            app.unlock(token, "open sesame").await,
            app.reveal_with_key(token, REPEAT_KEYS[0]).await,
            app.acknowledge(token, REPEAT_KEYS[0]).await,
        ] {
            let mut problem = expect_problem(response, 404, "secret-not-found").await;
            problem["request_id"].take();
            answers.push(problem);
        }
    }
    assert_eq!(answers[0]["detail"], "Secret not found, already viewed, or expired");
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[actix_web::test]
async fn a_body_without_a_token_is_refused() {
    let app = spawn_app();
    for path in ["/api/v1/reveal", "/api/v1/status", "/api/v1/acknowledge"] {
        let post = async |body| app.post_with_key(path, &body, REPEAT_KEYS[0]).await;
        for body in
            [json!({}), json!({ "token": 5 }), json!({ "token": UNKNOWN_TOKEN, "Token": "" })]
        {
            expect_problem(post(body).await, 422, "invalid-fields").await;
        }
        let large = json!({ "token": "x".repeat(20_000) });
        expect_problem(post(large).await, 413, "too-large").await;
    }
}

#[actix_web::test]
async fn viewing_by_address_can_be_turned_off() {
    let app = spawn_app_with(|settings| settings.secrets.view_by_get = false);
    let token = app.store("x").await;
    let response = app.view(&token).await;
    assert_eq!(response.headers()["allow"], "DELETE");
    let problem = expect_problem(response, 405, "method-not-allowed").await;
    assert!(problem["detail"].as_str().unwrap().contains("/api/v1/reveal"));
    let put = app.request(Method::PUT, &secret(&token)).send().await.unwrap();
    assert_eq!(put.headers()["allow"], "DELETE");
    assert_eq!(app.reveal(&token).await.status(), 200);
    let specification = document(app.get("/openapi.json").await).await;
    let methods = specification["paths"]["/api/v1/secrets/{token}"].as_object().unwrap();
    assert!(methods.keys().eq(["delete"]), "{methods:?}");
}

#[actix_web::test]
async fn a_token_has_one_form_in_an_address() {
    let app = spawn_app();
    let token = app.store("x").await;
    let encoded = format!("%{:02X}{}", token.as_bytes()[0], &token[1..]);
    expect_problem(app.view(&encoded).await, 404, "secret-not-found").await;
    expect_problem(app.burn(&format!("{token}%20")).await, 404, "secret-not-found").await;
    let address = secret(&token);
    let others =
        [address.clone() + "/", address.replace("/v1/", "//v1/"), address.replace("api", "%61pi")];
    for path in others {
        expect_problem(app.get(&path).await, 404, "no-such-path").await;
    }
    assert!(app.is_available(&token).await);
}

#[actix_web::test]
async fn a_content_that_is_not_utf8_is_shown_in_base64() {
    let app = spawn_app();
    let bytes = vec![0xff, 0x00, 0xfe];
    let expires_at = app.clock.now().plus(Duration::from_hours(1));
    let (issued, shred_key) = Issued::generate(expires_at, false).unwrap();
    let content = Plaintext::parse_bytes(bytes).unwrap();
    let create = Roots::derive(&keys()).seal(&issued, shred_key, &content, None).unwrap();
    app.store.ask(create).await.unwrap();
    let answer = document(app.view(&issued.token.expose_text()).await).await;
    let message = "Secret retrieved successfully";
    assert_eq!(answer, json!({ "content": "/wD+", "encoding": "base64", "message": message }));
}
