//! Access to creating secrets: for everyone, or for holders of a configured access token (RFC 6750).
//!
//! Every refusal is the same, whatever the request sent, and comes before the body is read.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

use crate::domain::access_token::TokenHash;
use crate::http::error::ApiError;
use crate::http::problem;

/// Admits a request whose bearer token has one of `hashes`, or every request if `hashes` is empty.
pub(crate) fn require(request: &HttpRequest, hashes: &[TokenHash]) -> Result<(), ApiError> {
    let is_admitted = hashes.is_empty()
        || bearer_token(request).is_some_and(|token| hashes.contains(&TokenHash::of(token)));
    if is_admitted { Ok(()) } else { Err(problem::UNAUTHORIZED.into()) }
}

/// The bearer token of a request with exactly one `Authorization` header.
fn bearer_token(request: &HttpRequest) -> Option<&str> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let (scheme, token) = values.next()?.to_str().ok()?.split_once(' ')?;
    let is_only = values.next().is_none();
    (is_only && scheme.eq_ignore_ascii_case("Bearer")).then(|| token.trim_start_matches(' '))
}
