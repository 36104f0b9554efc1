//! Only a deliberate request may consume a secret.
//!
//! Requests that a browser, a link preview or a cache sends on its own are refused, and nothing is
//! consumed. User agents are ignored: a list of them blocks people and misses machines.

use actix_web::HttpRequest;
use actix_web::http::header::{
    Accept, HOST, Header as _, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, ORIGIN, RANGE, REFERER,
};
use actix_web::mime::Mime;
use url::Url;

use super::cors;
use crate::http::AppState;
use crate::http::error::ApiError;
use crate::http::problem;

/// Headers that make a request partial or conditional (RFC 9110, sections 13 and 14).
const CONDITIONAL: [HeaderName; 6] =
    [RANGE, IF_RANGE, IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE];
/// Headers by which browsers mark a speculative request.
const SPECULATIVE: [HeaderName; 3] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-moz"),
];
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Admits deliberate requests: from a program, a page of this service, or a page of an allowed origin.
pub(crate) fn require(request: &HttpRequest, state: &AppState) -> Result<(), ApiError> {
    require_plain(request)?;
    require_meant(request, state)
}

/// Refuses embedded requests (images, scripts, frames) and requests from pages whose origin may not call
/// the API.
pub(crate) fn require_meant(request: &HttpRequest, state: &AppState) -> Result<(), ApiError> {
    let is_embedded = value(request, FETCH_DEST).is_some_and(|dest| dest != "empty")
        || value(request, FETCH_MODE) == Some("no-cors");
    if is_embedded {
        return Err(problem::UNINTENDED_VIEW.into());
    }
    let is_own =
        cors::allowed(request, state).is_some() || !is_foreign(request, state.public_url());
    if is_own { Ok(()) } else { Err(problem::FOREIGN_ORIGIN.into()) }
}

/// Refuses partial, conditional and speculative requests.
pub(crate) fn require_plain(request: &HttpRequest) -> Result<(), ApiError> {
    let headers = request.headers();
    if CONDITIONAL.iter().any(|name| headers.contains_key(name)) {
        return Err(problem::CONDITIONAL_VIEW.into());
    }
    if SPECULATIVE.iter().any(|name| headers.contains_key(name)) {
        return Err(problem::UNINTENDED_VIEW.into());
    }
    Ok(())
}

/// Whether a browser navigates to this address, as after a click on a link.
pub(crate) fn is_navigation(request: &HttpRequest) -> bool {
    match value(request, FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => prefers_html(request),
    }
}

/// Whether the `Accept` header ranks HTML before JSON.
fn prefers_html(request: &HttpRequest) -> bool {
    let Ok(accept) = Accept::parse(request) else { return false };
    let ranked = accept.ranked();
    let first = ranked.iter().map(Mime::essence_str).find(|essence| {
        matches!(
            *essence,
            "text/html" | "application/xhtml+xml" | "application/json" | "application/*" | "*/*"
        )
    });
    matches!(first, Some("text/html" | "application/xhtml+xml"))
}

/// Whether a page of another origin sent the request. `Sec-Fetch-Site` decides. Without it, as over
/// plain HTTP, the origin of the page must be that of the `Host` header or of `server.public_url`.
fn is_foreign(request: &HttpRequest, public_url: Option<&Url>) -> bool {
    if let Some(site) = value(request, FETCH_SITE) {
        return !matches!(site, "same-origin" | "none");
    }
    let headers = request.headers();
    let Some(origin) = headers.get(ORIGIN).or_else(|| headers.get(REFERER)) else { return false };
    let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else {
        return true;
    };
    let is_public = public_url.is_some_and(|url| url.origin() == origin.origin());
    !is_public && !is_host(request, &origin)
}

fn is_host(request: &HttpRequest, origin: &Url) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let asked = host.and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
    asked.is_some_and(|asked| asked.origin() == origin.origin())
}

/// A header's value. One that is not ASCII counts as an unknown value.
fn value(request: &HttpRequest, name: HeaderName) -> Option<&str> {
    request.headers().get(name).map(|value| value.to_str().unwrap_or_default())
}
