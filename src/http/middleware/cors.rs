//! CORS: pages of the origins in `server.cors_origins` may call the API from a browser, and no others
//! (the Fetch standard, "CORS protocol"). Credentials such as cookies are never allowed, because the API
//! uses none. An access token does not count as one: a page sets that header itself.

use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CROSS_ORIGIN_RESOURCE_POLICY, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::AppState;

const API: &str = "/api/";
const HEALTH: &str = "/health";
/// The methods and headers that a page may send, and for how many seconds browsers cache this answer.
const PREFLIGHT: [(HeaderName, &str); 3] = [
    (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
    (ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, Idempotency-Key"),
    (ACCESS_CONTROL_MAX_AGE, "3600"),
];
/// The response headers that a page may read in addition to the safelisted ones.
const EXPOSED: HeaderValue = HeaderValue::from_static("X-Request-Id, Retry-After");

/// The origin of the page that sent `request`, if it may call the API.
pub(crate) fn allowed<'r>(request: &'r HttpRequest, state: &AppState) -> Option<&'r HeaderValue> {
    let origin = request.headers().get(ORIGIN)?;
    let origins = &state.settings.server.cors_origins;
    origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then_some(origin)
}

/// The answer to a CORS preflight from an allowed origin. Any other OPTIONS request is treated like any
/// unsupported method.
pub(crate) fn preflight(request: &HttpRequest) -> Option<HttpResponse> {
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight || !is_api(request) {
        return None;
    }
    allowed(request, AppState::of(request)?)?;
    let mut response = HttpResponse::NoContent();
    for header in PREFLIGHT {
        response.insert_header(header);
    }
    Some(response.finish())
}

/// Allows a page of an allowed origin to read the response.
pub(crate) fn set_headers(request: &HttpRequest, state: &AppState, headers: &mut HeaderMap) {
    if state.settings.server.cors_origins.is_empty() || !is_api(request) {
        return;
    }
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed(request, state) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        // `same-origin` would block the page even though CORS allows it.
        headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    }
}

fn is_api(request: &HttpRequest) -> bool {
    let path = request.uri().path();
    path.starts_with(API) || path == HEALTH
}
