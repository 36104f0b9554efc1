//! Rate limits: which requests are refused, that a refusal has no effect, and when a limit recovers.
//!
//! The limits here are so strict that the time a test takes makes no difference.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;

use crate::expect_problem;
use crate::support::{
    PASSPHRASE, REPEAT_KEYS, TestApp, UNKNOWN_TOKEN, document, receipt_address, secret, send,
    spawn_app, spawn_app_with, text,
};

/// A service that admits `burst` requests at once, and then one every 1,000 seconds.
pub(super) fn limited_app(burst: u32) -> TestApp {
    spawn_app_with(|settings| {
        settings.limits.requests_per_second = 0.001;
        settings.limits.burst = burst;
    })
}

/// As [`limited_app`], behind a trusted proxy on this machine.
pub(super) fn app_behind_a_proxy(burst: u32) -> TestApp {
    spawn_app_with(|settings| {
        settings.limits.requests_per_second = 0.001;
        settings.limits.burst = burst;
        settings.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
}

/// Asserts that `response` is 429; returns its `Retry-After`.
pub(super) async fn expect_refused(response: Response) -> Duration {
    let seconds = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    expect_problem(response, 429, "too-many-requests").await;
    Duration::from_secs(seconds)
}

/// Advances the clock until every client is admitted again.
pub(super) fn recover(app: &TestApp) {
    app.clock.advance(Duration::from_secs(1_000_000));
}

/// The request as the proxy forwards it for `client`.
pub(super) fn from(client: &str, request: RequestBuilder) -> RequestBuilder {
    request.header("X-Forwarded-For", client)
}

#[actix_web::test]
async fn a_client_that_waits_for_retry_after_is_admitted() {
    let app = limited_app(3);
    for _ in 0..3 {
        assert_eq!(app.get("/").await.status(), 200);
    }
    let wait = expect_refused(app.get("/").await).await;
    assert!(wait <= Duration::from_secs(1_000));
    app.clock.advance(wait / 2);
    let rest = expect_refused(app.get("/").await).await;
    assert!(Duration::ZERO < rest && rest <= wait / 2 + Duration::from_secs(1));
    app.clock.advance(rest);
    assert_eq!(app.get("/").await.status(), 200);
    expect_refused(app.get("/").await).await;
}

#[actix_web::test]
async fn a_refused_request_consumes_nothing() {
    let app = limited_app(4);
    let (token, receipt) = app.store_with_receipt("x").await;
    let repeated = app.store("y").await;
    app.reveal_with_key(&repeated, REPEAT_KEYS[0]).await;
    assert_eq!(app.get("/").await.status(), 200);
    let answers = [
        app.view(&token).await,
        app.reveal(&token).await,
        app.burn(&token).await,
        app.status(&token).await,
        app.inspect(&receipt).await,
        app.revoke(&receipt).await,
        app.acknowledge(&repeated, REPEAT_KEYS[0]).await,
        app.post("/api/v1/secrets", &json!({ "content": "x" })).await,
        app.get("/s").await,
        app.get("/nothing").await,
        send(app.request(Method::OPTIONS, "/api/v1/reveal")).await,
    ];
    for answer in answers {
        expect_refused(answer).await;
    }
    app.clock.advance(Duration::from_mins(50));
    assert_eq!(app.state(&receipt).await, "pending");
    assert_eq!(app.view(&token).await.status(), 200);
}

#[actix_web::test]
async fn a_refusal_does_not_wait_for_the_body() {
    let app = limited_app(1);
    assert_eq!(app.get("/").await.status(), 200);
    assert_eq!(app.announce().await, "HTTP/1.1 429");
}

#[actix_web::test]
async fn all_workers_keep_to_one_limit() {
    let app = limited_app(10);
    let answers = join_all((0..60).map(|_| app.get("/"))).await;
    let admitted = answers.iter().filter(|answer| answer.status() == 200).count();
    assert_eq!(admitted, 10);
    assert!(answers.iter().all(|answer| [200, 429].contains(&answer.status().as_u16())));
}

#[actix_web::test]
async fn health_checks_are_not_limited() {
    let app = limited_app(1);
    for _ in 0..50 {
        assert_eq!(app.get("/health").await.status(), 200);
    }
    assert_eq!(app.get("/").await.status(), 200, "health checks do not count");
    expect_refused(app.get("/").await).await;
    assert_eq!(app.get("/health").await.status(), 200);
}

#[actix_web::test]
async fn there_is_no_limit_unless_one_is_set() {
    let app = spawn_app();
    for answer in join_all((0..200).map(|_| app.view(UNKNOWN_TOKEN))).await {
        assert_eq!(answer.status(), 404);
    }
}

/// Lookups that fail.
async fn failed_lookups(app: &TestApp) -> Vec<RequestBuilder> {
    let protected = app.protect("x").await;
    let post = |path, body| app.request(Method::POST, path).json(&body);
    let unknown = json!({ "token": UNKNOWN_TOKEN });
    let wrong = json!({ "token": protected, "passphrase": "open barley" });
    vec![
        app.request(Method::GET, &secret(UNKNOWN_TOKEN)),
        app.request(Method::GET, &secret("malformed")),
        app.request(Method::GET, &secret("%41")),
        app.request(Method::DELETE, &secret(UNKNOWN_TOKEN)),
        app.request(Method::GET, &receipt_address(UNKNOWN_TOKEN)),
        app.request(Method::GET, &receipt_address("malformed")),
        app.request(Method::DELETE, &receipt_address(UNKNOWN_TOKEN)),
        post("/api/v1/status", unknown.clone()),
        post("/api/v1/reveal", unknown.clone()),
        post("/api/v1/reveal", json!({ "token": "malformed" })),
        post("/api/v1/reveal", wrong),
        post("/api/v1/acknowledge", unknown).header("Idempotency-Key", REPEAT_KEYS[0]),
    ]
}

#[actix_web::test]
async fn a_tenth_of_the_burst_may_be_failed_lookups_and_then_none_is_made() {
    let app = app_behind_a_proxy(20);
    let token = app.store("x").await;
    for (number, lookup) in failed_lookups(&app).await.into_iter().enumerate() {
        let client = format!("192.0.2.{number}");
        let lookup = || send(from(&client, lookup.try_clone().unwrap()));
        let failed = lookup().await.status();
        assert_ne!(failed, 429, "{client}");
        assert_eq!(lookup().await.status(), failed, "{client}");
        let wait = expect_refused(lookup().await).await;
        assert!(wait > Duration::from_mins(150), "{client}: {wait:?}");
        // An existing secret is not looked up, and stays.
        let view = || send(from(&client, app.request(Method::GET, &secret(&token))));
        expect_refused(view().await).await;
        let page = send(from(&client, app.request(Method::GET, "/s"))).await;
        assert_eq!(page.status(), 200, "{client}: other requests are admitted");
    }
    assert_eq!(app.view(&token).await.status(), 200);
}

#[actix_web::test]
async fn a_small_burst_allows_one_failed_lookup() {
    let app = limited_app(9);
    assert_eq!(app.view(UNKNOWN_TOKEN).await.status(), 404);
    let wait = expect_refused(app.view(UNKNOWN_TOKEN).await).await;
    assert!(wait > Duration::from_mins(150), "{wait:?}");
}

#[actix_web::test]
async fn a_client_with_too_many_failed_lookups_gets_a_retry_after() {
    let app = limited_app(10);
    let token = app.store("x").await;
    app.view(UNKNOWN_TOKEN).await;
    let wait = expect_refused(app.view(&token).await).await;
    assert_eq!(app.get("/").await.status(), 200);
    app.clock.advance(wait);
    assert_eq!(app.view(&token).await.status(), 200);
}

#[actix_web::test]
async fn successful_and_otherwise_refused_lookups_do_not_count_as_failed() {
    let app = limited_app(19);
    let (token, receipt) = app.store_with_receipt("x").await;
    let protected = app.protect("y").await;
    for _ in 0..3 {
        assert_eq!(app.status(&token).await.status(), 200);
        assert_eq!(app.state(&receipt).await, "pending");
        assert_eq!(app.reveal(&protected).await.status(), 403);
        assert_eq!(app.post("/api/v1/reveal", &json!({})).await.status(), 422);
    }
    assert_eq!(app.view(&token).await.status(), 200);
    assert_eq!(app.revoke(&receipt).await.status(), 409);
    assert_eq!(app.unlock(&protected, PASSPHRASE).await.status(), 200);
}

#[actix_web::test]
async fn a_refusal_explains_itself_and_links_its_documentation() {
    let app = limited_app(1);
    app.view(UNKNOWN_TOKEN).await;
    let problem = document(app.view(UNKNOWN_TOKEN).await).await;
    assert!(text(&problem, "detail").contains("nothing was done"));
    recover(&app);
    let kind = app.get(&text(&problem, "type")).await;
    assert_eq!(kind.headers()["location"], "../redoc#too-many-requests");
}

#[actix_web::test]
async fn preflights_do_not_count_against_the_limit() {
    const ORIGIN: &str = "https://page.example";
    let app = spawn_app_with(|settings| {
        settings.limits.requests_per_second = 0.001;
        settings.limits.burst = 1;
        settings.server.cors_origins = vec![ORIGIN.to_owned()];
    });
    for _ in 0..20 {
        let preflight = app.request(Method::OPTIONS, "/api/v1/secrets").header("Origin", ORIGIN);
        let preflight = preflight.header("Access-Control-Request-Method", "POST");
        assert_eq!(send(preflight).await.status(), 204);
    }
    assert_eq!(app.get("/").await.status(), 200);
    expect_refused(app.get("/").await).await;
}
