//! Only intent destroys: which requests for a secret are somebody's wish to view or burn it.
//!
//! What a browser, a preview or a cache asks for on its own is refused, and nothing is consumed.
//! User agents are never looked at: a list of them blocks people and misses machines.

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

/// What makes a request partial or conditional (RFC 9110, sections 13 and 14).
const CONDITIONS: [HeaderName; 6] =
    [RANGE, IF_RANGE, IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE];
/// What browsers mark a speculative request with.
const SPECULATIONS: [HeaderName; 3] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-moz"),
];
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets a request pass that a program or a page of this service means.
pub(crate) fn require(request: &HttpRequest, state: &AppState) -> Result<(), ApiError> {
    require_plain(request)?;
    require_meant(request, state)
}

/// Lets a request pass that nothing embeds, and no page of an origin sent that may not call the API.
pub(crate) fn require_meant(request: &HttpRequest, state: &AppState) -> Result<(), ApiError> {
    let is_embedded = value(request, FETCH_DEST).is_some_and(|dest| dest != "empty")
        || value(request, FETCH_MODE) == Some("no-cors");
    if is_embedded {
        return Err(ApiError::Problem(problem::UNINTENDED_VIEW));
    }
    let is_own =
        cors::allowed(request, state).is_some() || !is_foreign(request, state.public_url());
    if is_own { Ok(()) } else { Err(ApiError::Problem(problem::FOREIGN_ORIGIN)) }
}

/// Lets a request pass that is neither partial, conditional nor speculative.
pub(crate) fn require_plain(request: &HttpRequest) -> Result<(), ApiError> {
    let headers = request.headers();
    if CONDITIONS.iter().any(|name| headers.contains_key(name)) {
        return Err(ApiError::Problem(problem::CONDITIONAL_VIEW));
    }
    if SPECULATIONS.iter().any(|name| headers.contains_key(name)) {
        return Err(ApiError::Problem(problem::UNINTENDED_VIEW));
    }
    Ok(())
}

/// Whether a browser is on its way to this address, as after a click on it.
pub(crate) fn is_navigation(request: &HttpRequest) -> bool {
    match value(request, FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => prefers_html(request),
    }
}

/// Whether what ranks first of all that could be answered with is HTML.
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

/// Whether a page of another origin sent it. What the browser says of the site counts; where it
/// says nothing, as over plain HTTP, the page's origin has to be the one that was asked, or the
/// public one.
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

/// A header's value. One that is no text counts as one that is unknown.
fn value(request: &HttpRequest, name: HeaderName) -> Option<&str> {
    request.headers().get(name).map(|value| value.to_str().unwrap_or_default())
}
