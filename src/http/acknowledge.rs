//! `POST /api/v1/acknowledge`: a secret that was revealed has arrived, and is kept no longer.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::error::ApiError;
use super::problem::Problem;
use super::responses::{BodyProblems, IntentProblems, StoreProblems};
use super::token::{self, TokenRequest};
use super::{State, idempotency, intent};

/// End a repeat
///
/// What was revealed with the same `Idempotency-Key` is kept for a repeat no longer. A secret that
/// was not revealed yet is never touched.
#[utoipa::path(
    post,
    path = "/api/v1/acknowledge",
    tag = "secrets",
    params(("Idempotency-Key" = String, Header,
        description = "The key it was revealed with.",
        pattern = "^[A-Za-z0-9_-]{22,}$",
        example = "9f1c7a52-6d0b-4c43-9d1e-2f7f5d3b8a10")),
    request_body = TokenRequest,
    responses(
        (status = 204, description = "It is kept no longer, durably."),
        BodyProblems<'_>,
        IntentProblems<'_>,
        (status = 400, description = "A Range or conditional request, or a body that is not JSON in UTF-8. \
            Nothing is consumed.", body = Problem),
        (status = 404, description = "Nothing is kept for this token and this key.", body = Problem),
        StoreProblems<'_>,
    )
)]
pub(super) async fn acknowledge(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    intent::require(&request, &state)?;
    let key = idempotency::required_key(&request)?;
    let token = token::of_body(&request, &state, payload).await?;
    let located = state.crypto.locate(token, Some(key)).await?;
    if state.store.acknowledge(located.claims).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::SecretNotFound)
    }
}
