//! `POST /api/v1/status`: whether a secret is still there; consumes nothing.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use super::error::ApiError;
use super::problem::Problem;
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
        (status = 400, description = "The body is not JSON in UTF-8.", body = Problem),
        (status = 404, description = "Not found, already viewed, or expired.", body = Problem),
        (status = 408, description = "The body did not arrive in time.", body = Problem),
        (status = 413, description = "The body is too large.", body = Problem),
        (status = 415, description = "The body is not `application/json`.", body = Problem),
        (status = 422, description = "A field is missing, unknown, doubled or of the wrong type.", body = Problem),
        (status = 503, description = "Busy, or the store failed.", body = Problem),
        (status = 507, description = "There is no room on the disk.", body = Problem),
    )
)]
pub(super) async fn status(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let token = token::of_body(&request, payload).await?;
    let (_token, candidates) = state.crypto.locate(token).await?;
    let peeked = state.store.peek(candidates).await?.ok_or(ApiError::SecretNotFound)?;
    Ok(HttpResponse::Ok().json(StatusResponse {
        state: "available",
        expires_at: peeked.expires_at.to_rfc3339(),
        passphrase_required: false,
    }))
}
