//! The token of a request: at the end of its path, or in its body.
//!
//! A malformed token is reported as not found.

use actix_web::HttpRequest;
use zeroize::Zeroizing;

use super::body::body;
use crate::domain::token::Token;
use crate::http::error::ApiError;
use crate::http::problem;

body! {
    /// The token of a secret.
    struct TokenRequest {
        /// The token from the response to the creation, or from the part of the link after `#`.
        #[schema(value_type = String, example = "AZwT-lmgqUKuB7SWNrIe3mFWpjEEYhZ5zmbJGhwqXbA")]
        token: Zeroizing<String>,
    }
}

/// The token at the end of a path.
pub(crate) fn of_path(request: &HttpRequest) -> Result<Token, ApiError> {
    parse(text_of_path(request))
}

/// The last segment of a path. Percent-encoding is not decoded.
pub(crate) fn text_of_path(request: &HttpRequest) -> &str {
    request.uri().path().rsplit('/').next().unwrap_or_default()
}

/// Parses a token.
pub(crate) fn parse(text: &str) -> Result<Token, ApiError> {
    Token::parse(text).map_err(|_malformed| ApiError::Problem(problem::SECRET_NOT_FOUND))
}
