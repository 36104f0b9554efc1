//! Access tokens: where their hashes are configured, only their bearers create secrets. The token of a
//! secret or of a receipt needs no access token beside it.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use viewonce::domain::access_token::{AccessToken, TokenHash};

use crate::expect_problem;
use crate::support::{REPEAT_KEYS, TestApp, document, send, spawn_app, spawn_app_with, text};

/// A service with two configured access tokens, and these tokens.
fn spawn_closed_app() -> (TestApp, [String; 2]) {
    let tokens = [(); 2].map(|()| AccessToken::generate().unwrap().expose_text().to_string());
    let hashes = tokens.iter().map(|token| TokenHash::of(token)).collect();
    (spawn_app_with(|settings| settings.access.create_tokens = hashes), tokens)
}

fn creation(app: &TestApp) -> RequestBuilder {
    let body = json!({ "content": "x", "receipt": true });
    app.request(Method::POST, "/api/v1/secrets").json(&body)
}

/// Sends a creation with this `Authorization` header.
async fn create(app: &TestApp, authorization: &str) -> Response {
    send(creation(app).header("Authorization", authorization)).await
}

#[actix_web::test]
async fn the_bearer_of_any_token_creates() {
    let (app, tokens) = spawn_closed_app();
    for token in &tokens {
        for scheme in ["Bearer ", "bearer ", "BEARER  "] {
            assert_eq!(create(&app, &format!("{scheme}{token}")).await.status(), 201, "{scheme}");
        }
    }
}

#[actix_web::test]
async fn everyone_creates_where_no_token_is_configured() {
    let app = spawn_app();
    assert_eq!(send(creation(&app)).await.status(), 201);
    assert_eq!(create(&app, "Bearer whatever").await.status(), 201);
}

/// The response without the parts that differ each time. Whether the connection stays open depends on
/// how much of the body has arrived.
async fn comparable(response: Response) -> (Vec<String>, Value) {
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    let names = response.headers().keys().map(ToString::to_string);
    let mut headers: Vec<_> = names.filter(|name| name != "connection").collect();
    headers.sort();
    let mut problem = expect_problem(response, 401, "unauthorized").await;
    problem["request_id"].take();
    (headers, problem)
}

#[actix_web::test]
async fn without_a_valid_access_token_every_creation_gets_the_same_refusal() {
    let (app, [token, other]) = spawn_closed_app();
    let missing = comparable(send(creation(&app)).await).await;
    let cut = &token[..token.len() - 1];
    let hash = TokenHash::of(&token).to_string();
    let refused = [
        format!("Bearer {cut}"),
        format!("Bearer {token}x"),
        format!("Bearer {token} {other}"),
        format!("Bearer {}", token.to_uppercase()),
        format!("Bearer {}", token.trim_start_matches("vo_")),
        format!("Bearer {hash}"),
        format!("Bearer {token},{other}"),
        format!("Bearer{token}"),
        format!("Basic {token}"),
        token.clone(),
        "Bearer ".to_owned(),
        "Bearer".to_owned(),
        String::new(),
    ];
    for authorization in refused {
        assert_eq!(
            comparable(create(&app, &authorization).await).await,
            missing,
            "{authorization}"
        );
    }
    let both = creation(&app).header("Authorization", format!("Bearer {token}"));
    let both = both.header("Authorization", format!("Bearer {other}"));
    assert_eq!(comparable(send(both).await).await, missing);
    let in_address = app.request(Method::POST, &format!("/api/v1/secrets?access_token={token}"));
    assert_eq!(comparable(send(in_address.json(&json!({ "content": "x" }))).await).await, missing);
}

#[actix_web::test]
async fn an_unauthorized_creation_is_refused_whatever_its_body_and_key() {
    let (app, _tokens) = spawn_closed_app();
    let request = || app.request(Method::POST, "/api/v1/secrets");
    let requests = [
        request(),
        request().body("no JSON"),
        request().header("Content-Type", "text/plain").body("x"),
        request().json(&json!({ "unknown": 5 })),
        request().json(&json!({ "content": "x".repeat(600_000) })),
        request().header("Idempotency-Key", "short").json(&json!({ "content": "x" })),
    ];
    let missing = comparable(send(creation(&app)).await).await;
    for request in requests {
        assert_eq!(comparable(send(request).await).await, missing);
    }
}

#[actix_web::test]
async fn an_unauthorized_creation_is_refused_before_its_body_arrives() {
    let (app, _tokens) = spawn_closed_app();
    assert_eq!(app.announce().await, "HTTP/1.1 401");
}

#[actix_web::test]
async fn a_refused_creation_does_not_use_up_its_idempotency_key() {
    let (app, [token, _other]) = spawn_closed_app();
    let request = || creation(&app).header("Idempotency-Key", REPEAT_KEYS[0]);
    assert_eq!(send(request()).await.status(), 401);
    let bearing = || request().bearer_auth(&token);
    let created = document(send(bearing()).await).await;
    assert_eq!(send(request()).await.status(), 401);
    assert_eq!(document(send(bearing()).await).await, created);
}

#[actix_web::test]
async fn the_token_of_a_secret_needs_no_access_token() {
    let (app, [token, _other]) = spawn_closed_app();
    let store = async || {
        let created = document(create(&app, &format!("Bearer {token}")).await).await;
        ["token", "receipt"].map(|name| text(&created, name))
    };
    let [secret, receipt] = store().await;
    assert!(app.is_available(&secret).await);
    assert_eq!(app.state(&receipt).await, "pending");
    assert_eq!(app.view(&secret).await.status(), 200);
    let [secret, _receipt] = store().await;
    assert_eq!(app.reveal_with_key(&secret, REPEAT_KEYS[0]).await.status(), 200);
    assert_eq!(app.acknowledge(&secret, REPEAT_KEYS[0]).await.status(), 204);
    let [secret, _receipt] = store().await;
    assert_eq!(app.burn(&secret).await.status(), 204);
    let [_secret, receipt] = store().await;
    assert_eq!(app.revoke(&receipt).await.status(), 204);
    for path in ["/", "/s", "/docs", "/redoc", "/openapi.json", "/health"] {
        assert_eq!(app.get(path).await.status(), 200, "{path}");
    }
}

#[actix_web::test]
async fn the_documentation_says_who_may_create() {
    for (app, is_closed) in [(spawn_closed_app().0, true), (spawn_app(), false)] {
        let specification = document(app.get("/openapi.json").await).await;
        let mut closed = Vec::new();
        for (path, methods) in specification["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let says = !operation["security"].is_null();
                assert_eq!(says, operation["responses"].get("401").is_some(), "{method} {path}");
                if says {
                    assert_eq!(operation["security"], json!([{ "access_token": [] }]));
                    closed.push(format!("{method} {path}"));
                }
            }
        }
        let expected: &[_] = if is_closed { &["post /api/v1/secrets"] } else { &[] };
        assert_eq!(closed, expected);
        let scheme = &specification["components"]["securitySchemes"]["access_token"];
        assert_eq!(scheme["scheme"].as_str(), is_closed.then_some("bearer"));
        for (path, word) in [("/redoc", "Requires an access token"), ("/", "Authorization: ")] {
            let page = app.get(path).await.text().await.unwrap();
            assert_eq!(page.contains(word), is_closed, "{path}");
        }
    }
}
