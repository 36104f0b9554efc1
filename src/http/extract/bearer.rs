//! Who may create secrets: everyone, or the bearers of the tokens that are configured (RFC 6750).
//!
//! Whoever is refused is told the same, whatever he sent, and nothing of the body is read for it.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

use crate::domain::access_token::TokenHash;
use crate::http::error::ApiError;
use crate::http::problem;

/// Lets a request pass that bears a token with one of these hashes; every one, if there are none.
pub(crate) fn require(request: &HttpRequest, hashes: &[TokenHash]) -> Result<(), ApiError> {
    let is_let_in = hashes.is_empty()
        || bearer_token(request).is_some_and(|token| hashes.contains(&TokenHash::of(token)));
    if is_let_in { Ok(()) } else { Err(ApiError::Problem(problem::UNAUTHORIZED)) }
}

/// The token of a request that has one, in one header.
fn bearer_token(request: &HttpRequest) -> Option<&str> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let (scheme, token) = values.next()?.to_str().ok()?.split_once(' ')?;
    let is_only = values.next().is_none();
    (is_only && scheme.eq_ignore_ascii_case("Bearer")).then(|| token.trim_start_matches(' '))
}
