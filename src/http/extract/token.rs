//! Where a request has its token: at the end of its path, or in its body.
//!
//! A text that is no token is one that is not found.

use actix_web::HttpRequest;
use zeroize::Zeroizing;

use super::body::body;
use crate::domain::token::Token;
use crate::http::error::ApiError;
use crate::http::problem;

body! {
    /// Names a secret by its token.
    struct TokenRequest {
        /// The token from the answer to the secret's creation, or from behind the `#` of its link.
        #[schema(value_type = String, example = "AZwT-lmgqUKuB7SWNrIe3mFWpjEEYhZ5zmbJGhwqXbA")]
        token: Zeroizing<String>,
    }
}

/// The token at the end of a path.
pub(crate) fn of_path(request: &HttpRequest) -> Result<Token, ApiError> {
    parse(text_of_path(request))
}

/// What stands at the end of a path, as it stands there: nothing is decoded.
pub(crate) fn text_of_path(request: &HttpRequest) -> &str {
    request.uri().path().rsplit('/').next().unwrap_or_default()
}

/// The token that this text is.
pub(crate) fn parse(text: &str) -> Result<Token, ApiError> {
    Token::parse(text).map_err(|_malformed| ApiError::Problem(problem::SECRET_NOT_FOUND))
}
