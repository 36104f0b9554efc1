//! The header `Idempotency-Key`, which makes a request repeatable
//! (draft-ietf-httpapi-idempotency-key-header, but without quotation marks).

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use utoipa::IntoParams;

use crate::domain::idempotency_key::{IdempotencyKey, KEY_CHARACTERS};
use crate::http::error::ApiError;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// The optional header, for the specification.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes the header to the specification")]
pub(crate) struct KeyHeader {
    /// Makes the request repeatable: a random UUID, or at least 22 random characters of base64url.
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        pattern = "^[A-Za-z0-9_-]{22,}$",
        example = "9f1c7a52-6d0b-4c43-9d1e-2f7f5d3b8a10"
    )]
    key: Option<String>,
}

/// The key of a request, if there is one.
pub(crate) fn key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, ApiError> {
    let mut values = request.headers().get_all(HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().and_then(|text| IdempotencyKey::parse(text).ok());
    match key {
        Some(key) if values.next().is_none() => Ok(Some(key)),
        _ => Err(refused()),
    }
}

/// The key of a request; an error if there is none.
pub(crate) fn required_key(request: &HttpRequest) -> Result<IdempotencyKey, ApiError> {
    key(request)?.ok_or_else(refused)
}

fn refused() -> ApiError {
    let expected = format!(
        "expected one header with a UUID or at least {KEY_CHARACTERS} characters of base64url"
    );
    ApiError::field("Idempotency-Key", expected)
}
