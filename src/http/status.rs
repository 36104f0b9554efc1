//! `POST /api/v1/status`: whether a secret is still there; consumes nothing.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use super::error::ApiError;
use super::responses::{BodyProblems, SecretProblems, StoreProblems};
use super::token::{self, TokenRequest};

/// What is known of a secret that is still there.
#[derive(Serialize, ToSchema)]
pub(super) struct StatusResponse {
    /// Always `available`.
    #[schema(example = "available")]
    state: &'static str,
    /// When it expires: RFC 3339, milliseconds, `Z`.
    #[schema(example = "2026-01-31T12:00:00.000Z", format = DateTime)]
    expires_at: String,
    /// Whether a passphrase is needed beside the token.
    passphrase_required: bool,
}

/// See whether a secret is still there
///
/// Consumes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/status",
    tag = "secrets",
    request_body = TokenRequest,
    responses(
        (status = 200, description = "It can be viewed.", body = StatusResponse),
        BodyProblems<'_>,
        SecretProblems<'_>,
        StoreProblems<'_>,
    )
)]
pub(super) async fn status(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let token = token::of_body(&request, &state, payload).await?;
    let located = state.crypto.locate(token, None).await?;
    let peeked = state.store.peek(located.candidates).await?.ok_or(ApiError::SecretNotFound)?;
    Ok(HttpResponse::Ok().json(StatusResponse {
        state: "available",
        expires_at: peeked.expires_at.to_rfc3339(),
        passphrase_required: peeked.passphrase_required,
    }))
}
