//! How much a client may ask for: what is refused, what that leaves untouched, and when it is over.
//!
//! The limits here are so narrow that the time a test takes counts for nothing.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::header::HeaderValue;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;

use crate::expect_problem;
use crate::support::{
    PASSPHRASE, REPEAT_KEYS, TestApp, UNKNOWN_TOKEN, document, receipt_address, secret, send,
    spawn_app, spawn_app_with, text,
};

/// A service that takes so many requests at once, and one more in a thousand seconds.
fn limited_app(burst: u32) -> TestApp {
    spawn_app_with(|settings| {
        settings.limits.requests_per_second = 0.001;
        settings.limits.burst = burst;
    })
}

/// The same behind a proxy, which is on this machine.
fn app_behind_a_proxy(burst: u32) -> TestApp {
    spawn_app_with(|settings| {
        settings.limits.requests_per_second = 0.001;
        settings.limits.burst = burst;
        settings.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
}

/// That `response` refuses a request. Returns for how long.
async fn expect_refused(response: Response) -> Duration {
    let seconds = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    expect_problem(response, 429, "too-many-requests").await;
    Duration::from_secs(seconds)
}

/// Has everyone be admitted again.
fn recover(app: &TestApp) {
    app.clock.advance(Duration::from_secs(1_000_000));
}

/// The request as the proxy passes it on for a client.
fn from(client: &str, request: RequestBuilder) -> RequestBuilder {
    request.header("X-Forwarded-For", client)
}

#[actix_web::test]
async fn whoever_waits_as_long_as_they_are_told_is_admitted() {
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
async fn what_is_refused_consumes_nothing() {
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
async fn health_may_be_asked_for_without_limit() {
    let app = limited_app(1);
    for _ in 0..50 {
        assert_eq!(app.get("/health").await.status(), 200);
    }
    assert_eq!(app.get("/").await.status(), 200, "it was not counted");
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

/// The lookups that fail, each as `client`.
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
async fn a_tenth_as_many_lookups_may_fail_and_then_none_is_made() {
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
        // A secret that is there is not seen either, and stays.
        let view = || send(from(&client, app.request(Method::GET, &secret(&token))));
        expect_refused(view().await).await;
        let page = send(from(&client, app.request(Method::GET, "/s"))).await;
        assert_eq!(page.status(), 200, "{client}: what is no lookup goes on");
    }
    assert_eq!(app.view(&token).await.status(), 200);
}

#[actix_web::test]
async fn of_a_small_burst_one_lookup_may_fail_at_once() {
    let app = limited_app(9);
    assert_eq!(app.view(UNKNOWN_TOKEN).await.status(), 404);
    let wait = expect_refused(app.view(UNKNOWN_TOKEN).await).await;
    assert!(wait > Duration::from_mins(150), "{wait:?}");
}

#[actix_web::test]
async fn whoever_has_failed_too_often_is_told_when_they_may_look_again() {
    let app = limited_app(10);
    let token = app.store("x").await;
    app.view(UNKNOWN_TOKEN).await;
    let wait = expect_refused(app.view(&token).await).await;
    assert_eq!(app.get("/").await.status(), 200);
    app.clock.advance(wait);
    assert_eq!(app.view(&token).await.status(), 200);
}

#[actix_web::test]
async fn lookups_that_succeed_or_are_wrong_otherwise_are_no_failed_ones() {
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
async fn clients_behind_a_trusted_proxy_are_told_apart() {
    let app = app_behind_a_proxy(2);
    let get = async |client: &str| {
        let request = from(client, app.request(Method::GET, "/"));
        send(request).await.status().as_u16()
    };
    assert_eq!([get("192.0.2.1").await, get("127.0.0.2, 192.0.2.1").await], [200, 200]);
    // Whatever they say of themselves, the proxy adds who they are.
    for client in
        ["192.0.2.1", "203.0.113.5, 192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1, 127.0.0.3"]
    {
        assert_eq!(get(client).await, 429, "{client}");
    }
    assert_eq!(get("192.0.2.2").await, 200);
    assert_eq!([get("2001:db8::1").await, get("2001:db8::ff:2").await], [200, 200]);
    assert_eq!([get("2001:db8:0:ff::3").await, get("2001:db8:0:100::1").await], [429, 200]);
    // For the proxy itself counts what names nobody.
    assert_eq!([get("unknown").await, get("127.0.0.2").await, get("").await], [200, 200, 429]);
}

/// Counts a request with these lines of `X-Forwarded-For`, and then one more with others. Whether both
/// are one client's.
async fn is_one_client(app: &TestApp, lines: &[&[u8]], others: &[&[u8]]) -> bool {
    let get = async |lines: &[&[u8]]| {
        let request = lines.iter().fold(app.request(Method::GET, "/"), |request, line| {
            request.header("X-Forwarded-For", HeaderValue::from_bytes(line).unwrap())
        });
        send(request).await.status().as_u16()
    };
    recover(app);
    let statuses = [get(lines).await, get(others).await];
    assert!(matches!(statuses, [200, 200 | 429]), "{statuses:?}");
    statuses[1] == 429
}

#[actix_web::test]
async fn the_client_is_the_last_that_is_no_trusted_proxy() {
    let app = spawn_app_with(|settings| {
        settings.limits.requests_per_second = 0.001;
        settings.limits.burst = 1;
        let proxies = ["127.0.0.0/8", "10.0.0.0/8", "2001:db8::/32"];
        settings.server.trusted_proxies = proxies.map(|it| it.parse().unwrap()).to_vec();
    });
    let cases: [(&[&[u8]], &[u8]); 12] = [
        (&[b"192.0.2.1"], b"192.0.2.1"),
        (&[b"198.51.100.7, 192.0.2.1"], b"192.0.2.1"),
        (&[b"198.51.100.7,192.0.2.1, 10.9.9.9 ,\t10.0.0.2"], b"192.0.2.1"),
        (&[b"198.51.100.7", b"192.0.2.1, 2001:db8::7"], b"192.0.2.1"),
        (&[b"192.0.2.1", b"10.0.0.2"], b"192.0.2.1"),
        (&[b"::ffff:192.0.2.1, ::ffff:10.0.0.3"], b"192.0.2.1"),
        (&[b"2001:db9::5"], b"2001:db9::5"),
        (&[b"192.0.2.1:4711, 10.0.0.2:80"], b"192.0.2.1"),
        (&[b"[2001:db9::5]:4711"], b"2001:db9::5"),
        // What stands before the client is not read.
        (&[b"unknown, 192.0.2.1"], b"192.0.2.1"),
        (&[b"\"x, , 192.0.2.1, 10.0.0.2"], b"192.0.2.1"),
        (&[b"\xff, 192.0.2.1"], b"192.0.2.1"),
    ];
    for (lines, client) in cases {
        assert!(is_one_client(&app, lines, &[client]).await, "{lines:?}");
        assert!(!is_one_client(&app, lines, &[b"203.0.113.99"]).await, "{lines:?}");
        assert!(!is_one_client(&app, lines, &[]).await, "{lines:?}");
    }
}

#[actix_web::test]
async fn a_proxy_that_names_nobody_is_the_client_itself() {
    let app = app_behind_a_proxy(1);
    let cases: [&[&[u8]]; 12] = [
        &[b""],
        &[b"127.0.0.2"],
        &[b"unknown"],
        &[b"192.0.2.1, unknown"],
        &[b"192.0.2.1, unknown, 127.0.0.2"],
        &[b"192.0.2.1", b"_hidden"],
        &[b"192.0.2.1,"],
        &[b"192.0.2.1;127.0.0.2"],
        &[b"192.0.2.01"],
        &[b"192.0.2.1, 192.0.2.256"],
        &[b"192.0.2.1, 127.0.0.2/8"],
        &[b"192.0.2.1, \xff"],
    ];
    for lines in cases {
        assert!(is_one_client(&app, lines, &[]).await, "{lines:?}");
    }
}

#[actix_web::test]
async fn nobody_else_is_believed() {
    let app = limited_app(2);
    let get = |client: &str| {
        let request = app.request(Method::GET, "/").header("Forwarded", "for=192.0.2.9");
        send(from(client, request).header("X-Real-IP", "192.0.2.9"))
    };
    assert_eq!(get("192.0.2.1").await.status(), 200);
    assert_eq!(get("192.0.2.2").await.status(), 200);
    expect_refused(get("192.0.2.3").await).await;
}

#[actix_web::test]
async fn a_refusal_says_what_it_is_of() {
    let app = limited_app(1);
    app.view(UNKNOWN_TOKEN).await;
    let problem = document(app.view(UNKNOWN_TOKEN).await).await;
    assert!(text(&problem, "detail").contains("nothing was done"));
    recover(&app);
    let kind = app.get(&text(&problem, "type")).await;
    assert_eq!(kind.headers()["location"], "../redoc#too-many-requests");
}

#[actix_web::test]
async fn asking_whether_a_page_may_send_a_request_is_none() {
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
