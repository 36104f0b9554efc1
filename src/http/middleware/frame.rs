//! The common part of all responses: headers, request id, problem documents, and the access log, which
//! holds the route's template instead of the path because a path can hold a token.

use std::future::poll_fn;
use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, CROSS_ORIGIN_OPENER_POLICY,
    CROSS_ORIGIN_RESOURCE_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest, HttpResponse};
use uuid::{Builder, Uuid};

use super::{cors, rate_limit};
use crate::http::AppState;
use crate::http::connection::Requests;
use crate::http::error::ApiError;
use crate::http::extract::body;
use crate::http::problem::{self, PROBLEM_JSON};
use crate::http::routes::{Path, RECEIPT, SECRET};
use crate::runtime::chain::Chain;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The methods that are logged and counted by name.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Replaces unknown methods in logs and metrics, and a missing route in metrics, so that no label is a
/// client's text.
const OTHER: &str = "other";
/// Replaces a missing route in the log.
const NO_ROUTE: &str = "-";
/// The logged status of a request whose client disconnected before the response (as nginx logs it).
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Headers of every response.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin")),
    (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
];

/// HSTS: browsers use only TLS for a year.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The content security policy of responses that set none.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The outermost middleware.
///
/// # Errors
///
/// If the handler panicked: an error that holds the complete response.
pub async fn frame(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut exchange = Exchange::begin(&request);
    let Some(answered) = catch_panic(answer(request, exchange.path, next)).await else {
        return Err(exchange.panicked());
    };
    let (request, response) = answered?.into_parts();
    rate_limit::count_failure(&request, &response);
    Ok(ServiceResponse::new(request, exchange.finish(response)))
}

async fn answer(
    request: ServiceRequest,
    path: Option<&Path>,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // A preflight only announces a request, so rate limits do not count it.
    if let Some(response) = cors::preflight(request.request()) {
        return Ok(request.into_response(response));
    }
    match rate_limit::admit(request.request(), path).and_then(|()| reject(&request, path)) {
        Err(error) => Ok(request.error_response(error)),
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
    }
}

/// The output of `work`, or `None` if it panics, so that a panic fails one request and no connection.
async fn catch_panic<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let caught = poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    });
    caught.await
}

/// Refuses paths with a percent sign: the router would decode them, so one path could be written in
/// several ways. A token or receipt with a percent sign passes here and is refused as malformed.
fn reject(request: &ServiceRequest, path: Option<&Path>) -> Result<(), ApiError> {
    let is_token = || path.is_some_and(|path| [SECRET, RECEIPT].contains(&path.template));
    let is_refused = request.uri().path().contains('%') && !is_token();
    if is_refused { Err(problem::NO_SUCH_PATH.into()) } else { Ok(()) }
}

/// A request in progress. It is logged on drop, so also if the client disconnects and the handler is
/// dropped.
struct Exchange {
    request_id: String,
    method: &'static str,
    path: Option<&'static Path>,
    /// Headers of the response that depend on the request.
    headers: HeaderMap,
    started: Instant,
    status: u16,
    /// Holds the request counters. `None` on the metrics server, which counts no requests.
    state: Option<Data<AppState>>,
    requests: Requests,
}

impl Exchange {
    fn begin(request: &ServiceRequest) -> Self {
        let requests = body::requests(request.request());
        requests.begin(body::announced(request.request()));
        let state = request.app_data::<Data<AppState>>().cloned();
        let find = |state: &Data<AppState>| Path::find(request.path(), state.settings.server.serve);
        Self {
            request_id: request_id(),
            method: method_label(request.method()),
            path: state.as_ref().and_then(find),
            headers: conditional_headers(request.request(), state.as_ref().map(Data::get_ref)),
            started: Instant::now(),
            status: CLIENT_CLOSED_REQUEST,
            state,
            requests,
        }
    }

    /// The response after a panic, as an error because the panic has consumed the request.
    fn panicked(&mut self) -> Error {
        let error = ApiError::Problem(problem::INTERNAL_ERROR);
        let response = self.finish(HttpResponse::from_error(error));
        InternalError::from_response("", response).into()
    }

    /// Completes the response.
    fn finish(&mut self, mut response: HttpResponse) -> HttpResponse {
        if let Some(error) = response.error().and_then(Error::as_error::<ApiError>) {
            if error.is_fault() {
                log::error!(request_id = self.request_id.as_str(); "{}", Chain(error));
            }
            let problem = serde_json::to_vec(&error.problem(&self.request_id)).unwrap_or_default();
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
            response = response.set_body(BoxBody::new(problem));
        }
        set_headers(response.headers_mut(), &self.request_id);
        for (name, value) in &self.headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        if self.requests.is_last() {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        self.status = response.status().as_u16();
        response
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.requests.end();
        let (path, took) = (self.path.map(|path| path.template), self.started.elapsed());
        if let Some(state) = &self.state {
            state.metrics.count(path.unwrap_or(OTHER), self.method, self.status, took);
        }
        log::info!(
            target: "viewonce::access",
            request_id = self.request_id.as_str(),
            method = self.method,
            route = path.unwrap_or(NO_ROUTE),
            status = self.status,
            duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            "request"
        );
    }
}

/// The name of a known method, or else [`OTHER`].
fn method_label(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER)
}

/// A new request id: a UUID of version 4. Its bits are a keyed hash of a counter, because random ones
/// would take a system call for each request. The system chose the keys, once for this process.
fn request_id() -> String {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let request = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let [high, low] = [0, 1].map(|half| KEYS.hash_one((request, half)));
    let id = Builder::from_random_bytes(Uuid::from_u64_pair(high, low).into_bytes()).into_uuid();
    id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()
}

/// The headers of a response that depend on the request: for TLS and CORS.
fn conditional_headers(request: &HttpRequest, state: Option<&AppState>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(state) = state {
        if state.settings.server.has_tls() {
            headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
        }
        cors::set_headers(request, state, &mut headers);
    }
    headers
}

fn set_headers(headers: &mut HeaderMap, id: &str) {
    for (name, value) in HEADERS {
        headers.insert(name, value);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, id);
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    }
}
