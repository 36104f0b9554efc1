//! Intent checks: unintended requests are refused and consume nothing.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use serde_json::json;

use crate::expect_problem;
use crate::support::{
    REPEAT_KEYS, TestApp, receipt_address, secret, send, spawn_app, spawn_app_with,
};

type Headers<'a> = &'a [(&'a str, &'a str)];

const CONDITIONAL: [Headers; 6] = [
    &[("Range", "bytes=0-0")],
    &[("If-Range", "\"x\"")],
    &[("If-Match", "*")],
    &[("If-None-Match", "\"x\"")],
    &[("If-Modified-Since", "Sun, 22 Nov 2026 00:00:00 GMT")],
    &[("If-Unmodified-Since", "Sun, 22 Nov 2026 00:00:00 GMT")],
];

const UNINTENDED: [Headers; 9] = [
    &[("Sec-Purpose", "prefetch")],
    &[("Sec-Purpose", "prefetch;prerender"), ("Sec-Fetch-Mode", "navigate")],
    &[("Purpose", "prefetch")],
    &[("X-Moz", "prefetch")],
    &[("Sec-Fetch-Dest", "image")],
    &[("Sec-Fetch-Dest", "script"), ("Sec-Fetch-Mode", "cors")],
    &[("Sec-Fetch-Dest", "iframe"), ("Sec-Fetch-Mode", "cors")],
    &[("Sec-Fetch-Dest", "")],
    &[("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "empty")],
];

const FOREIGN: [Headers; 9] = [
    &[("Sec-Fetch-Site", "cross-site")],
    &[("Sec-Fetch-Site", "same-site")],
    &[("Sec-Fetch-Site", "something-new")],
    &[("Origin", "https://evil.example")],
    &[("Referer", "https://evil.example/page")],
    &[("Referer", "nonsense")],
    &[("Origin", "null")],
    &[("Origin", "nonsense")],
    &[("Origin", "http://127.0.0.1:1")],
];

const INTENDED: [Headers; 4] = [
    &[],
    &[("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")],
    &[("Sec-Fetch-Site", "none"), ("Sec-Fetch-Dest", "empty")],
    &[("Accept", "application/json, text/html"), ("User-Agent", "Slackbot-LinkExpanding 1.0")],
];

fn header_map(headers: Headers<'_>) -> HeaderMap {
    let parse = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
    };
    headers.iter().map(parse).collect()
}

/// The three requests that view or burn `token`, with `headers`.
async fn attempts(app: &TestApp, token: &str, headers: Headers<'_>) -> [Response; 3] {
    let headers = header_map(headers);
    let request = |method, path| app.request(method, path).headers(headers.clone());
    [
        send(request(Method::GET, &secret(token))).await,
        send(request(Method::POST, "/api/v1/reveal").json(&json!({ "token": token }))).await,
        send(request(Method::DELETE, &secret(token))).await,
    ]
}

/// The request that burns a secret by its receipt, with `headers`.
async fn revoke(app: &TestApp, receipt: &str, headers: Headers<'_>) -> Response {
    let request = app.request(Method::DELETE, &receipt_address(receipt));
    send(request.headers(header_map(headers))).await
}

/// The request that acknowledges a reveal, with `headers`.
async fn acknowledge(app: &TestApp, token: &str, headers: Headers<'_>) -> Response {
    let request = app.request(Method::POST, "/api/v1/acknowledge").headers(header_map(headers));
    let request = request.header("Idempotency-Key", REPEAT_KEYS[0]);
    send(request.json(&json!({ "token": token }))).await
}

/// Headers that are refused, with the problem of each.
const REFUSED: [(&[Headers], u16, &str); 3] = [
    (&CONDITIONAL, 400, "conditional-view"),
    (&UNINTENDED, 403, "unintended-view"),
    (&FOREIGN, 403, "foreign-origin"),
];

#[actix_web::test]
async fn unintended_requests_are_refused_and_consume_nothing() {
    let app = spawn_app();
    let token = app.store("x").await;
    for (requests, status, problem) in REFUSED {
        for headers in requests {
            for response in attempts(&app, &token, headers).await {
                expect_problem(response, status, problem).await;
            }
            assert!(app.is_available(&token).await, "{headers:?}");
        }
    }
    assert_eq!(app.view(&token).await.status(), 200);
}

#[actix_web::test]
async fn unintended_requests_burn_nothing_by_a_receipt_and_end_no_repeat() {
    let app = spawn_app();
    let (living, receipt) = app.store_with_receipt("x").await;
    let repeated = app.store("y").await;
    app.reveal_with_key(&repeated, REPEAT_KEYS[0]).await;
    for (requests, status, problem) in REFUSED {
        for headers in requests {
            expect_problem(revoke(&app, &receipt, headers).await, status, problem).await;
            expect_problem(acknowledge(&app, &repeated, headers).await, status, problem).await;
            assert!(app.is_available(&living).await, "{headers:?}");
            let again = app.reveal_with_key(&repeated, REPEAT_KEYS[0]).await;
            assert_eq!(again.status(), 200, "{headers:?}");
        }
    }
}

#[actix_web::test]
async fn programs_and_the_services_own_page_may_view() {
    let app = spawn_app();
    for headers in INTENDED {
        let token = app.store("x").await;
        let [by_get, reveal, burn] = attempts(&app, &token, headers).await;
        let statuses = [by_get, reveal, burn].map(|response| response.status().as_u16());
        assert_eq!(statuses, [200, 404, 404], "{headers:?}");
    }
}

#[actix_web::test]
async fn programs_and_the_services_own_page_may_burn_by_a_receipt_and_end_a_repeat() {
    let app = spawn_app();
    for headers in INTENDED {
        let (token, receipt) = app.store_with_receipt("x").await;
        assert_eq!(revoke(&app, &receipt, headers).await.status(), 204, "{headers:?}");
        assert!(!app.is_available(&token).await);
        let token = app.store("x").await;
        app.reveal_with_key(&token, REPEAT_KEYS[0]).await;
        assert_eq!(acknowledge(&app, &token, headers).await.status(), 204, "{headers:?}");
    }
}

#[actix_web::test]
async fn an_origin_is_our_own_by_its_host_or_by_the_public_url() {
    let public = "https://secrets.example.com";
    let app = spawn_app_with(|settings| settings.server.public_url = public.parse().ok());
    let own = format!("http://{}", app.address);
    let page = format!("{own}/s");
    for (name, value) in [("Origin", public), ("Origin", &own), ("Referer", &page)] {
        let token = app.store("x").await;
        let [by_get, ..] = attempts(&app, &token, &[(name, value)]).await;
        assert_eq!(by_get.status(), 200, "{name}: {value}");
    }
    let token = app.store("x").await;
    let [by_get, ..] = attempts(&app, &token, &[("Origin", "http://secrets.example.com")]).await;
    expect_problem(by_get, 403, "foreign-origin").await;
}

#[actix_web::test]
async fn head_and_options_and_other_methods_consume_nothing() {
    let app = spawn_app();
    let token = app.store("x").await;
    for method in ["HEAD", "OPTIONS", "PUT", "PATCH", "POST", "TRACE", "PROPFIND"] {
        let request = app.request(method.parse().unwrap(), &secret(&token));
        let response = send(request).await;
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()["allow"], "GET, DELETE");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
    assert!(app.is_available(&token).await);
}

#[actix_web::test]
async fn a_navigating_browser_is_redirected_to_the_page() {
    let app = spawn_app();
    let token = app.store("x").await;
    let html = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";
    let navigations: [Headers; 6] = [
        &[
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
            ("Sec-Fetch-Site", "none"),
        ],
        &[("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Site", "cross-site")],
        &[("Accept", html)],
        &[("Accept", "text/html, */*")],
        &[("Accept", "application/json;q=0.5, text/html;q=0.9")],
        &[("Accept", "application/xhtml+xml")],
    ];
    for headers in navigations {
        let request = headers
            .iter()
            .fold(app.request(Method::GET, &secret(&token)), |request, (name, value)| {
                request.header(*name, *value)
            });
        let response = send(request).await;
        assert_eq!(response.status(), 303, "{headers:?}");
        assert_eq!(response.headers()["location"], format!("/s#{token}").as_str());
        assert!(app.is_available(&token).await, "{headers:?}");
    }
}

#[actix_web::test]
async fn a_request_that_does_not_prefer_html_counts_as_a_program() {
    let app = spawn_app();
    for accept in [
        "*/*",
        "application/json",
        "*/*, text/html;q=0.5",
        "application/json, text/plain, */*",
        "text/plain",
        "nonsense",
    ] {
        let token = app.store("x").await;
        let response =
            send(app.request(Method::GET, &secret(&token)).header("Accept", accept)).await;
        assert_eq!(response.status(), 200, "{accept}");
    }
}

#[actix_web::test]
async fn an_invalid_token_never_redirects_to_another_site() {
    let app = spawn_app();
    let request =
        app.request(Method::GET, "/api/v1/secrets/elsewhere").header("Accept", "text/html");
    expect_problem(send(request).await, 404, "secret-not-found").await;
}
