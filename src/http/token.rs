//! Where a request has its token: at the end of its path, or in its body.
//!
//! A text that is no token is one that is not found.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::body::Fields;
use super::error::ApiError;
use super::{SMALL_BODY_BYTES, State};
use crate::token::Token;

/// Names a secret by its token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body, which is read field by field")]
pub(super) struct TokenRequest {
    /// The token from the answer to the secret's creation, or from behind the `#` of its link.
    #[schema(example = "AZwT-lmgqUKuB7SWNrIe3mFWpjEEYhZ5zmbJGhwqXbA")]
    token: String,
}

/// The token at the end of a path.
pub(super) fn of_path(request: &HttpRequest) -> Result<Token, ApiError> {
    parse(text_of_path(request))
}

/// What stands at the end of a path, as it stands there: nothing is decoded.
pub(super) fn text_of_path(request: &HttpRequest) -> &str {
    request.uri().path().rsplit('/').next().unwrap_or_default()
}

/// The token in a body that holds nothing else.
pub(super) async fn of_body(
    request: &HttpRequest,
    state: &State,
    payload: Payload,
) -> Result<Token, ApiError> {
    let mut fields = Fields::read(request, state, payload, SMALL_BODY_BYTES).await?;
    let token = fields.text("token").map(Zeroizing::new);
    parse(&fields.finish(token)?)
}

pub(super) fn parse(text: &str) -> Result<Token, ApiError> {
    Token::parse(text).map_err(|_malformed| ApiError::SecretNotFound)
}
