//! The API over a real server: the response to each request, and its effect on secrets.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../support/certificate.rs"]
mod certificate;
#[path = "../support/exposition.rs"]
mod exposition;
#[path = "../support/paused_store.rs"]
mod paused_store;
#[path = "../support/state.rs"]
mod state;
#[path = "../support/mod.rs"]
mod support;

mod access;
mod access_log;
mod actor_failure;
mod client_disconnect;
mod cors;
mod create;
mod creation;
mod docs;
mod expiry;
mod forwarded;
mod http;
mod intent;
mod keys;
mod large;
mod limits;
mod metrics;
mod metrics_listener;
mod overload;
mod panic;
mod passphrase;
mod pipelines;
mod receipt;
mod repeat;
mod serve;
mod tls;
mod view;
mod wait;

use reqwest::Response;
use serde_json::Value;

use support::document;

/// Asserts that `response` is the complete problem `name` with `status`; returns its document.
async fn expect_problem(response: Response, status: u16, name: &str) -> Value {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem = document(response).await;
    assert_eq!(problem["type"], format!("/problems/{name}"));
    assert_eq!(problem["status"], status);
    assert_eq!(problem["request_id"], request_id);
    assert!(problem["title"].is_string() && problem["detail"].is_string());
    problem
}
