//! The metrics: they count what was done, are served only where configured, and contain nothing that a
//! client wrote.
#![expect(clippy::float_cmp, reason = "whole numbers are exposed exactly")]

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::rt::time::timeout;
use futures_util::future::join_all;
use reqwest::{Client, Method, Response};
use serde_json::json;

use crate::exposition::Exposition;
use crate::support::{
    PASSPHRASE, REPEAT_KEYS, TestApp, UNKNOWN_TOKEN, database, document, secret, send, spawn_app,
    spawn_app_in, spawn_app_with, text,
};
use viewonce::store::Purge;

pub(super) const PATIENCE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// A service that exposes metrics.
pub(super) fn spawn_measured_app() -> TestApp {
    spawn_app_with(|settings| settings.metrics.bind = Some(([127, 0, 0, 1], 0).into()))
}

/// Sends a request to the metrics listener.
pub(super) async fn ask(app: &TestApp, path: &str) -> Response {
    let address = app.metrics.unwrap();
    Client::new().get(format!("http://{address}{path}")).send().await.unwrap()
}

async fn scrape(app: &TestApp) -> Exposition {
    Exposition::parse(&ask(app, "/metrics").await.text().await.unwrap()).unwrap()
}

/// The metrics once the secrets present at start are counted.
async fn scrape_counted(app: &TestApp) -> Exposition {
    let counted = async {
        loop {
            let exposition = scrape(app).await;
            if exposition.get("viewonce_secrets_living", []).is_some() {
                return exposition;
            }
        }
    };
    timeout(PATIENCE, counted).await.expect("the count completes")
}

/// The secrets' metrics: created, viewed, burned, locked, expired, living.
async fn secrets(app: &TestApp) -> [f64; 6] {
    let exposition = scrape_counted(app).await;
    let names = ["created_total", "viewed_total", "burned_total", "locked_total", "expired_total"];
    let [created, viewed, burned, locked, expired] =
        names.map(|name| exposition.get(&format!("viewonce_secrets_{name}"), []).unwrap());
    let living = exposition.get("viewonce_secrets_living", []).unwrap();
    [created, viewed, burned, locked, expired, living]
}

#[actix_web::test]
async fn the_metrics_count_how_secrets_ended() {
    let app = spawn_measured_app();
    assert_eq!(secrets(&app).await, [0.0; 6]);
    let tokens = join_all((0..6).map(|_| app.store("x"))).await;
    assert_eq!(secrets(&app).await, [6.0, 0.0, 0.0, 0.0, 0.0, 6.0]);
    app.view(&tokens[0]).await;
    app.reveal(&tokens[1]).await;
    // Neither a repeat nor a miss counts as a view.
    for _ in 0..2 {
        assert_eq!(app.reveal_with_key(&tokens[2], REPEAT_KEYS[0]).await.status(), 200);
    }
    app.view(&tokens[0]).await;
    assert_eq!(secrets(&app).await, [6.0, 3.0, 0.0, 0.0, 0.0, 3.0]);
    app.burn(&tokens[3]).await;
    app.burn(&tokens[2]).await;
    let (_token, receipt) = app.store_with_receipt("x").await;
    app.revoke(&receipt).await;
    app.revoke(&receipt).await;
    assert_eq!(secrets(&app).await, [7.0, 3.0, 2.0, 0.0, 0.0, 2.0]);
}

#[actix_web::test]
async fn the_metrics_count_locked_and_expired_secrets() {
    let app = spawn_app_with(|settings| {
        settings.metrics.bind = Some(([127, 0, 0, 1], 0).into());
        settings.secrets.max_attempts = 2;
    });
    let token = app.protect("x").await;
    app.reveal(&token).await;
    app.unlock(&token, "wrong").await;
    assert_eq!(secrets(&app).await, [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    app.unlock(&token, "wrong").await;
    assert_eq!(secrets(&app).await, [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let token = app.protect("x").await;
    app.unlock(&token, PASSPHRASE).await;
    app.create(&json!({ "content": "x", "ttl_hours": 1 })).await;
    app.create(&json!({ "content": "x", "ttl_hours": 100 })).await;
    app.clock.advance(HOUR);
    assert_eq!(secrets(&app).await, [4.0, 1.0, 0.0, 1.0, 0.0, 2.0]);
    app.store.insist(Purge).await.unwrap();
    assert_eq!(secrets(&app).await, [4.0, 1.0, 0.0, 1.0, 1.0, 1.0]);
}

#[actix_web::test]
async fn a_retried_or_refused_creation_is_not_counted() {
    let app = spawn_measured_app();
    let body = json!({ "content": "x" });
    for _ in 0..2 {
        app.post_with_key("/api/v1/secrets", &body, REPEAT_KEYS[0]).await;
    }
    app.post_with_key("/api/v1/secrets", &json!({ "content": "y" }), REPEAT_KEYS[0]).await;
    app.post("/api/v1/secrets", &json!({})).await;
    assert_eq!(secrets(&app).await, [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

#[actix_web::test]
async fn secrets_stored_before_the_start_count_as_living() {
    let app = spawn_app();
    join_all((0..20).map(|_| app.store("x"))).await;
    let app = spawn_app_in(app.stop().await, |settings| {
        settings.metrics.bind = Some(([127, 0, 0, 1], 0).into());
    });
    app.store("x").await;
    assert_eq!(secrets(&app).await, [1.0, 0.0, 0.0, 0.0, 0.0, 21.0]);
}

#[actix_web::test]
async fn requests_are_counted_by_route_method_and_status() {
    let app = spawn_measured_app();
    let token = app.store("x").await;
    app.store("x").await;
    app.post("/api/v1/secrets", &json!({})).await;
    app.view(&token).await;
    app.view(&token).await;
    send(app.request(Method::PUT, &secret(&token))).await;
    send(app.request(Method::HEAD, "/s")).await;
    app.get("/s").await;
    app.get(&format!("/nothing/{token}?{token}")).await;
    send(app.request("BREW".parse().unwrap(), &secret(&token))).await;
    let metrics = scrape(&app).await;
    let labels = |labels: &BTreeMap<String, String>| {
        ["route", "method", "status"].map(|name| labels[name].clone()).join(" ")
    };
    let requests = metrics.all("viewonce_http_requests_total");
    let requests: BTreeMap<_, _> = requests.map(|(of, count)| (labels(of), count)).collect();
    let expected = [
        ("/api/v1/secrets POST 201", 2.0),
        ("/api/v1/secrets POST 422", 1.0),
        ("/api/v1/secrets/{token} GET 200", 1.0),
        ("/api/v1/secrets/{token} GET 404", 1.0),
        ("/api/v1/secrets/{token} PUT 405", 1.0),
        ("/api/v1/secrets/{token} other 405", 1.0),
        ("/s GET 200", 1.0),
        ("/s HEAD 200", 1.0),
        ("other GET 404", 1.0),
    ];
    assert_eq!(requests, expected.map(|(of, count)| (of.to_owned(), count)).into());
    let times = "viewonce_http_request_duration_seconds_count";
    let labels = [("route", "/api/v1/secrets"), ("method", "POST")];
    assert_eq!(metrics.get(times, labels), Some(3.0));
    assert_eq!(metrics.all(times).map(|(_labels, count)| count).sum::<f64>(), 10.0);
}

#[actix_web::test]
async fn every_route_has_its_own_label() {
    let app = spawn_measured_app();
    let specification = document(app.get("/openapi.json").await).await;
    let mut operations = Vec::new();
    for (path, methods) in specification["paths"].as_object().unwrap() {
        let path = path.replace("{token}", UNKNOWN_TOKEN).replace("{receipt}", UNKNOWN_TOKEN);
        let methods = methods.as_object().unwrap().keys();
        operations.extend(methods.map(|method| (method.to_uppercase(), path.clone())));
    }
    let pages = ["/", "/s", "/assets/x", "/problems/x", "/docs", "/docs/x", "/redoc"];
    operations.extend(pages.map(|path| ("GET".to_owned(), path.to_owned())));
    for (method, path) in &operations {
        send(app.request(method.parse().unwrap(), path)).await;
    }
    let metrics = scrape(&app).await;
    assert!(metrics.label_values().all(|value| value != "other"), "{metrics:?}");
    let routes = metrics.all("viewonce_http_request_duration_seconds_count").count();
    assert_eq!(routes, operations.len() + 1, "plus the route of the specification");
}

#[actix_web::test]
async fn no_label_contains_client_input() {
    let app = spawn_measured_app();
    let (token, receipt) = app.store_with_receipt("the content").await;
    for path in [secret(&token), format!("/{token}"), format!("/s?{receipt}")] {
        for method in ["GET", "PUT", "THE-CONTENT"] {
            send(app.request(method.parse().unwrap(), &path).header("X-Header", &token)).await;
        }
    }
    app.inspect(&receipt).await;
    let metrics = ask(&app, "/metrics").await.text().await.unwrap();
    for written in [&token[..10], &token[30..], &receipt[..10], "THE-CONTENT", "the content"] {
        assert!(!metrics.contains(written), "{written}");
    }
}

#[actix_web::test]
async fn the_metrics_show_batches_commits_and_file_sizes() {
    let app = spawn_measured_app();
    join_all((0..50).map(|_| app.store("x"))).await;
    let metrics = scrape(&app).await;
    let get = |name: &str| metrics.get(&format!("viewonce_{name}"), []).unwrap();
    assert!(get("store_batch_messages_sum") >= 50.0);
    assert!(get("store_batch_messages_count") >= 1.0);
    assert!(get("store_commit_duration_seconds_count") >= get("store_batch_messages_count"));
    assert!(get("store_commit_duration_seconds_sum") > 0.0);
    assert_eq!(get("store_queue_messages"), 0.0);
    assert_eq!([get("store_commits_failed_total"), get("secrets_refused_total")], [0.0, 0.0]);
    assert_eq!(get("log_lines_dropped_total"), 0.0);
    let bytes = |extension: &str| {
        let file = database(&app.folder).with_extension(extension);
        // Do not open it: closing it would drop SQLite's locks in this process.
        f64::from(u32::try_from(std::fs::metadata(file).unwrap().len()).unwrap())
    };
    assert_eq!(get("store_database_bytes"), bytes("sqlite3"));
    assert_eq!(get("store_log_bytes"), bytes("sqlite3-wal"));
}

#[actix_web::test]
async fn creations_refused_for_lack_of_space_are_counted() {
    let app = spawn_app_with(|settings| {
        settings.metrics.bind = Some(([127, 0, 0, 1], 0).into());
        settings.store.min_free_bytes = u64::MAX / 4;
    });
    for _ in 0..3 {
        let answer = app.post("/api/v1/secrets", &json!({ "content": "x" })).await;
        assert_eq!(answer.status(), 507);
    }
    let metrics = scrape_counted(&app).await;
    assert_eq!(metrics.get("viewonce_secrets_refused_total", []), Some(3.0));
    assert_eq!(secrets(&app).await, [0.0; 6]);
}

#[actix_web::test]
async fn the_purge_lag_is_the_time_since_the_first_unpurged_expiry() {
    let app = spawn_measured_app();
    let lag = async || scrape(&app).await.get("viewonce_purge_lag_seconds", []).unwrap();
    app.store.insist(Purge).await.unwrap();
    for ttl_hours in [2, 1, 3] {
        app.create(&json!({ "content": "x", "ttl_hours": ttl_hours })).await;
    }
    assert_eq!(lag().await, 0.0);
    app.clock.advance(HOUR + Duration::from_mins(10));
    let late = lag().await;
    assert!((600.0..660.0).contains(&late), "{late}");
    app.store.insist(Purge).await.unwrap();
    assert_eq!(lag().await, 0.0);
    app.clock.advance(HOUR);
    let late = lag().await;
    assert!((600.0..660.0).contains(&late), "{late}");
    assert!(text(&document(app.get("/health").await).await, "status") == "healthy");
}
