//! Headers that every response has, and what HTTP itself requires.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::expect_problem;
use crate::support::{REPEAT_KEYS, UNKNOWN_TOKEN, document, secret, send, spawn_app};

fn expect_headers(headers: &HeaderMap) {
    let expected = [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
    ];
    for (name, value) in expected {
        assert_eq!(headers[name], value);
    }
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert_eq!(headers["x-request-id"].len(), 36);
    for name in [
        "etag",
        "last-modified",
        "content-encoding",
        "access-control-allow-origin",
        "server",
        "strict-transport-security",
        "vary",
    ] {
        assert!(!headers.contains_key(name), "{name}");
    }
}

#[actix_web::test]
async fn every_answer_has_its_headers() {
    let app = spawn_app();
    let (token, receipt) = app.store_with_receipt("x").await;
    let answers = [
        app.post("/api/v1/secrets", &json!({ "content": "x" })).await,
        app.post("/api/v1/secrets", &json!({})).await,
        app.view(&token).await,
        app.view(&token).await,
        app.inspect(&receipt).await,
        app.inspect(UNKNOWN_TOKEN).await,
        app.revoke(&receipt).await,
        app.acknowledge(&token, REPEAT_KEYS[0]).await,
        app.get("/health").await,
        app.get("/").await,
        app.get("/s").await,
        app.get("/docs").await,
        app.get("/redoc").await,
        app.get("/openapi.json").await,
        app.get("/assets/style.css").await,
        app.get("/nothing").await,
        send(app.request(Method::PUT, "/api/v1/secrets")).await,
    ];
    for response in answers {
        expect_headers(response.headers());
    }
}

#[actix_web::test]
async fn a_request_id_is_always_generated_by_the_server() {
    let app = spawn_app();
    let response = send(app.request(Method::GET, "/health").header("X-Request-Id", "theirs")).await;
    assert_ne!(response.headers()["x-request-id"], "theirs");
    let other = app.get("/health").await;
    assert_ne!(response.headers()["x-request-id"], other.headers()["x-request-id"]);
}

#[actix_web::test]
async fn an_unsupported_method_gets_the_allowed_ones() {
    let app = spawn_app();
    let cases = [
        ("/api/v1/secrets", "POST"),
        ("/api/v1/reveal", "POST"),
        ("/api/v1/acknowledge", "POST"),
        ("/api/v1/status", "POST"),
        ("/api/v1/secrets/x", "GET, DELETE"),
        ("/api/v1/receipts/x", "GET, DELETE"),
        ("/health", "GET, HEAD"),
        ("/", "GET, HEAD"),
        ("/s", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
    ];
    for (path, allow) in cases {
        let response = send(app.request(Method::PUT, path)).await;
        assert_eq!(response.headers()["allow"], allow, "{path}");
        let problem = expect_problem(response, 405, "method-not-allowed").await;
        assert!(problem["detail"].as_str().unwrap().contains(allow));
    }
}

#[actix_web::test]
async fn a_page_answers_a_head_request() {
    let app = spawn_app();
    for path in ["/", "/s", "/health", "/docs", "/redoc", "/openapi.json"] {
        let response = send(app.request(Method::HEAD, path)).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.text().await.unwrap(), "");
    }
}

#[actix_web::test]
async fn paths_match_exactly() {
    let app = spawn_app();
    let unknown = secret(UNKNOWN_TOKEN);
    let paths = ["/api/v1/receipts", "/api/v1/receipts/", "/api/v1/receipts/x/y"];
    for path in paths {
        expect_problem(app.get(path).await, 404, "no-such-path").await;
    }
    let paths = ["/api", "/s/", "//", "/health/", "/Health", "/%73", "/docs/nothing", "/assets/x"];
    for path in paths.into_iter().chain([format!("{unknown}/x").as_str(), "/api/v1/secrets/"]) {
        expect_problem(app.get(path).await, 404, "no-such-path").await;
    }
}

#[actix_web::test]
async fn health_reports_that_the_store_answers() {
    let app = spawn_app();
    let response = app.get("/health").await;
    assert_eq!(response.status(), 200);
    let expected = json!({
        "status": "healthy",
        "database": "connected",
        "version": env!("CARGO_PKG_VERSION"),
    });
    assert_eq!(document(response).await, expected);
}
