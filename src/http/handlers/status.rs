//! `POST /api/v1/status`: whether a secret can still be viewed. Consumes nothing.

use std::sync::Arc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use crate::crypto::{Located, Presented};
use crate::http::error::ApiError;
use crate::http::extract::body;
use crate::http::extract::token::{self, TokenRequest};
use crate::http::problem;
use crate::http::responses::{BodyProblems, SecretProblems, StoreProblems};
use crate::http::routes::STATUS;
use crate::http::{AppState, SMALL_BODY_BYTES};
use crate::store::Peek;

/// The status of a secret that can still be viewed.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatusResponse {
    /// Always `available`.
    #[schema(example = "available")]
    state: &'static str,
    /// When the secret expires: RFC 3339 in UTC, with milliseconds.
    #[schema(example = "2026-01-31T12:00:00.000Z", format = DateTime)]
    expires_at: String,
    /// Whether viewing the secret requires a passphrase.
    passphrase_required: bool,
}

/// Check whether a secret can still be viewed
///
/// Consumes nothing.
#[utoipa::path(
    post,
    path = STATUS,
    tag = "secrets",
    request_body = TokenRequest,
    responses(
        (status = 200, description = "The secret can be viewed.", body = StatusResponse),
        BodyProblems<'_>,
        SecretProblems<'_>,
        StoreProblems<'_>,
    )
)]
pub(crate) async fn status(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let TokenRequest { token } = body::read(&request, payload, &state, SMALL_BODY_BYTES).await?;
    let presented = Arc::new(Presented { token: token::parse(&token)?, key: None });
    let Located { candidates, .. } = state.crypto.locate(&presented).await?;
    let peeked = state.store.ask(Peek(candidates)).await?.ok_or(problem::SECRET_NOT_FOUND)?;
    Ok(HttpResponse::Ok().json(StatusResponse {
        state: "available",
        expires_at: peeked.expires_at.to_rfc3339(),
        passphrase_required: peeked.passphrase_required,
    }))
}
