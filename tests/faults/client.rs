//! A client of the service: its requests and their answers. Every refusal must be a problem document
//! that states correctly whether anything was done.

use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::process::Service;

/// Time limit: only a service that never recovers exceeds it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(20);

/// What the client knows about the effect of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Done,
    NotDone,
    Unknown,
}

/// A complete answer with its status and document.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `null` if there was no body.
    pub(crate) document: Value,
}

impl Answer {
    /// A text in the document.
    pub(crate) fn text(&self, member: &str) -> Option<String> {
        self.document[member].as_str().map(str::to_owned)
    }

    /// The last part of the problem's type.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.document["type"].as_str()?.strip_prefix("/problems/")
    }

    /// The effect that this answer states.
    pub(crate) fn effect(&self) -> Effect {
        match (self.status, self.problem()) {
            (200 | 201 | 204, None) => Effect::Done,
            (507, Some("no-room")) | (503, Some("store-failed")) => Effect::NotDone,
            (503, Some("outcome-unknown")) => Effect::Unknown,
            _ => unreachable!("a fault was answered {self:?}"),
        }
    }
}

/// Sends a request, and reads the answer.
pub(crate) async fn ask(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the service answers");
    let status = response.status().as_u16();
    let [media_type, retry_after] = [CONTENT_TYPE, RETRY_AFTER]
        .map(|name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()));
    let document = document(response).await;
    let answer = Answer { status, document };
    if status >= 400 {
        assert_eq!(media_type.as_deref(), Some("application/problem+json"));
        assert_eq!(answer.document["status"], status);
        let is_not_run = status == 503 && answer.problem().unwrap() != "outcome-unknown";
        assert_eq!(retry_after.is_some(), is_not_run, "{answer:?}");
    }
    answer
}

async fn document(response: Response) -> Value {
    let body = response.bytes().await.expect("the answer is whole");
    if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() }
}

/// A request to `path`.
pub(crate) fn request(service: &Service, method: Method, path: &str) -> RequestBuilder {
    service.client.request(method, service.url(path))
}

/// A POST request with a JSON body.
pub(crate) fn post(service: &Service, path: &str, document: &Value) -> RequestBuilder {
    request(service, Method::POST, path).json(document)
}

/// A view of a secret.
pub(crate) fn view(service: &Service, token: &str) -> RequestBuilder {
    request(service, Method::GET, &format!("/api/v1/secrets/{token}"))
}

/// Whether a secret is available. Changes nothing.
pub(crate) async fn is_there(service: &Service, token: &str) -> bool {
    match ask(post(service, "/api/v1/status", &json!({ "token": token }))).await.status {
        200 => true,
        404 => false,
        status => unreachable!("a healthy service answered {status}"),
    }
}

/// The state that a receipt reports.
pub(crate) async fn state(service: &Service, receipt: &str) -> String {
    let path = format!("/api/v1/receipts/{receipt}");
    ask(request(service, Method::GET, &path)).await.text("state").expect("it has a state")
}

/// Whether the health check succeeds.
pub(crate) async fn is_healthy(service: &Service) -> bool {
    let response = request(service, Method::GET, "/health").send().await.unwrap();
    let status = response.status().as_u16();
    let said = document(response).await["status"].as_str().unwrap().to_owned();
    assert_eq!(said, if status == 200 { "healthy" } else { "unhealthy" });
    assert!(status == 200 || status == 503, "{status}");
    status == 200
}

/// Waits until the health check reports `is_well`; sends nothing else.
pub(crate) async fn until_healthy(service: &Service, is_well: bool) {
    until(async || is_healthy(service).await == is_well).await;
}

/// Waits until `is_so` returns true.
pub(crate) async fn until(is_so: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < PATIENCE, "the condition never holds");
        sleep(PAUSE).await;
    }
}
