//! What every answer has in common: its headers, its request id, the document that tells an error,
//! and its line in the log, in which the route's template stands in place of the path.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse};
use uuid::Uuid;

use super::error::ApiError;
use crate::chain::Chain;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NO_ROUTE: &str = "-";

/// Headers of every answer.
const HEADERS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The policy of every answer that has none of its own.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The middleware around everything.
///
/// # Errors
///
/// None of its own.
pub async fn frame(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let mut id_buffer = Uuid::encode_buffer();
    let id: &str = Uuid::new_v4().hyphenated().encode_lower(&mut id_buffer);
    let response = if is_canonical(&request) {
        next.call(request).await?.map_into_boxed_body()
    } else {
        request.error_response(ApiError::NoSuchPath)
    };
    let (request, response) = response.into_parts();
    let response = finish(response, id);
    log_access(&request, &response, id, started);
    Ok(ServiceResponse::new(request, response))
}

/// Whether the path is written the one way that is matched. The router decodes percent signs, and
/// no path of ours needs one.
fn is_canonical(request: &ServiceRequest) -> bool {
    !request.uri().path().contains('%')
}

fn finish(mut response: HttpResponse, id: &str) -> HttpResponse {
    if let Some(error) = response.error().and_then(Error::as_error::<ApiError>) {
        if error.is_fault() {
            log::error!(request_id = id; "{}", Chain(error));
        }
        let problem = serde_json::to_vec(&error.problem(id)).unwrap_or_default();
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
        response = response.set_body(BoxBody::new(problem));
    }
    set_headers(response.headers_mut(), id);
    response
}

fn set_headers(headers: &mut HeaderMap, id: &str) {
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, id);
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    }
}

fn log_access(request: &HttpRequest, response: &HttpResponse, id: &str, started: Instant) {
    let route = request.match_pattern();
    log::info!(
        target: "viewonce::access",
        request_id = id,
        method = method(request.method()),
        route = route.as_deref().unwrap_or(NO_ROUTE),
        status = response.status().as_u16(),
        duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        "request"
    );
}

/// The name of a method that there is; what else a client may write there is its own.
fn method(method: &Method) -> &str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    if KNOWN.contains(method) { method.as_str() } else { "other" }
}
