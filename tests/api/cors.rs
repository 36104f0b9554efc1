//! Cross-origin requests: only pages of the configured origins may call the API.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;

use crate::expect_problem;
use crate::support::{
    REPEAT_KEYS, TestApp, UNKNOWN_TOKEN, document, receipt_address, secret, send, spawn_app,
    spawn_app_with, text,
};

const ORIGIN: &str = "https://app.example.com";
const OTHER: &str = "http://localhost:3000";
/// Origins that are similar, but not configured.
const FOREIGN: [&str; 9] = [
    "https://evil.example",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com.evil.example",
    "https://sub.app.example.com",
    "https://APP.example.com",
    "http://localhost",
    "null",
    "*",
];

fn open_app() -> TestApp {
    spawn_app_with(|settings| {
        settings.server.cors_origins = vec![ORIGIN.to_owned(), OTHER.to_owned()];
    })
}

/// A request as a browser sends it for a page of `origin`.
fn from(origin: &str, request: RequestBuilder) -> RequestBuilder {
    request
        .header("Origin", origin)
        .header("Referer", format!("{origin}/"))
        .header("Sec-Fetch-Site", "cross-site")
        .header("Sec-Fetch-Mode", "cors")
        .header("Sec-Fetch-Dest", "empty")
}

/// The preflight of a browser for a page of `origin`.
async fn preflight(app: &TestApp, origin: &str, path: &str) -> Response {
    let request = from(origin, app.request(Method::OPTIONS, path))
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type,idempotency-key");
    send(request).await
}

/// Asserts that the browser shows `response` and its exposed headers to a page of `origin`.
fn expect_shown(response: &Response, origin: &str) {
    let headers = response.headers();
    assert_eq!(headers["access-control-allow-origin"], origin);
    assert_eq!(headers["access-control-expose-headers"], "X-Request-Id, Retry-After");
    assert_eq!(headers["vary"], "Origin");
    assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
    assert!(!headers.contains_key("access-control-allow-credentials"));
}

/// Asserts that the browser withholds `response` from pages of other origins.
fn expect_withheld(response: &Response) {
    let headers = response.headers();
    assert!(headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
}

#[actix_web::test]
async fn a_preflight_from_a_configured_origin_gets_the_allowed_methods_and_headers() {
    let app = open_app();
    let (token, receipt) = app.store_with_receipt("x").await;
    let paths = ["/api/v1/secrets", "/api/v1/reveal", "/api/v1/status", "/api/v1/acknowledge"];
    let paths = paths.map(str::to_owned).into_iter();
    for path in paths.chain([secret(&token), receipt_address(&receipt)]) {
        for origin in [ORIGIN, OTHER] {
            let response = preflight(&app, origin, &path).await;
            assert_eq!(response.status(), 204, "{path}");
            expect_shown(&response, origin);
            let headers = response.headers();
            assert_eq!(headers["access-control-allow-methods"], "GET, POST, DELETE");
            let allowed = "Authorization, Content-Type, Idempotency-Key";
            assert_eq!(headers["access-control-allow-headers"], allowed);
            assert_eq!(headers["access-control-max-age"], "3600");
            assert_eq!(headers["x-request-id"].len(), 36);
        }
    }
    assert!(app.is_available(&token).await);
}

#[actix_web::test]
async fn a_preflight_from_any_other_origin_is_refused() {
    let (open, closed) = (open_app(), spawn_app());
    let named = [ORIGIN, OTHER].map(|origin| (&closed, origin));
    for (app, origin) in FOREIGN.map(|origin| (&open, origin)).into_iter().chain(named) {
        let response = preflight(app, origin, "/api/v1/secrets").await;
        expect_withheld(&response);
        assert_eq!(response.headers()["allow"], "POST");
        expect_problem(response, 405, "method-not-allowed").await;
    }
}

#[actix_web::test]
async fn options_is_allowed_only_in_a_preflight() {
    let app = open_app();
    let options = app.request(Method::OPTIONS, "/api/v1/secrets");
    expect_problem(send(from(ORIGIN, options)).await, 405, "method-not-allowed").await;
    expect_problem(preflight(&app, ORIGIN, "/s").await, 405, "method-not-allowed").await;
}

#[actix_web::test]
async fn a_page_of_a_configured_origin_may_call_the_whole_api() {
    let app = open_app();
    let sent = async |request| {
        let response = send(from(ORIGIN, request)).await;
        expect_shown(&response, ORIGIN);
        response
    };
    let post = |path: &str, body| app.request(Method::POST, path).json(&body);
    let body = json!({ "content": "x", "receipt": true });
    let created = async || document(sent(post("/api/v1/secrets", body.clone())).await).await;
    let named = async || json!({ "token": text(&created().await, "token") });

    let viewed = app.request(Method::GET, &secret(&text(&created().await, "token")));
    assert_eq!(sent(viewed).await.status(), 200);
    let token = named().await;
    assert_eq!(sent(post("/api/v1/status", token.clone())).await.status(), 200);
    let with_key = |path| post(path, token.clone()).header("Idempotency-Key", REPEAT_KEYS[0]);
    assert_eq!(sent(with_key("/api/v1/reveal")).await.status(), 200);
    assert_eq!(sent(with_key("/api/v1/acknowledge")).await.status(), 204);
    let burned = app.request(Method::DELETE, &secret(&text(&created().await, "token")));
    assert_eq!(sent(burned).await.status(), 204);
    let receipt = receipt_address(&text(&created().await, "receipt"));
    assert_eq!(sent(app.request(Method::GET, &receipt)).await.status(), 200);
    assert_eq!(sent(app.request(Method::DELETE, &receipt)).await.status(), 204);
    assert_eq!(sent(app.request(Method::GET, "/health")).await.status(), 200);
}

#[actix_web::test]
async fn a_page_of_a_configured_origin_can_read_errors() {
    let app = open_app();
    let unknown = app.request(Method::GET, &secret(UNKNOWN_TOKEN));
    let nothing = app.request(Method::GET, "/api/nothing");
    let malformed = app.request(Method::POST, "/api/v1/secrets").body("{");
    for (request, status) in [(unknown, 404), (nothing, 404), (malformed, 415)] {
        let response = send(from(ORIGIN, request)).await;
        assert_eq!(response.status(), status);
        expect_shown(&response, ORIGIN);
    }
}

#[actix_web::test]
async fn pages_of_other_origins_consume_nothing_and_see_nothing() {
    let app = open_app();
    let token = app.store("x").await;
    for origin in FOREIGN {
        let request = app.request(Method::GET, &secret(&token));
        let response = send(from(origin, request)).await;
        expect_withheld(&response);
        assert_eq!(response.headers()["vary"], "Origin");
        expect_problem(response, 403, "foreign-origin").await;
    }
    let two = app.request(Method::GET, &secret(&token)).header("Origin", "https://evil.example");
    expect_withheld(&send(two.header("Origin", ORIGIN)).await);
    assert!(app.is_available(&token).await);
}

#[actix_web::test]
async fn embeds_and_links_of_a_configured_origin_consume_nothing() {
    let app = open_app();
    let token = app.store("x").await;
    let requests: [&[(&str, &str)]; 5] = [
        &[("Origin", ORIGIN), ("Sec-Fetch-Dest", "script"), ("Sec-Fetch-Mode", "cors")],
        &[("Origin", ORIGIN), ("Sec-Fetch-Dest", "empty"), ("Sec-Fetch-Mode", "no-cors")],
        &[("Origin", ORIGIN), ("Sec-Purpose", "prefetch")],
        &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "cors")],
        &[("Referer", ORIGIN)],
    ];
    for headers in requests {
        let request = app.request(Method::GET, &secret(&token));
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        assert_eq!(send(request).await.status(), 403, "{headers:?}");
    }
    assert!(app.is_available(&token).await);
}

#[actix_web::test]
async fn pages_outside_the_api_are_withheld_from_other_origins() {
    let app = open_app();
    for path in ["/", "/s", "/docs", "/assets/secret.js", "/nothing"] {
        let response = send(from(ORIGIN, app.request(Method::GET, path))).await;
        expect_withheld(&response);
        assert!(!response.headers().contains_key("vary"), "{path}");
    }
}
