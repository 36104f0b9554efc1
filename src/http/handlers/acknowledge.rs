//! `POST /api/v1/acknowledge`: confirms that a revealed secret has arrived, so it is no longer kept.

use std::sync::Arc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::crypto::{Located, Presented};
use crate::http::error::ApiError;
use crate::http::extract::token::{self, TokenRequest};
use crate::http::extract::{body, idempotency_key};
use crate::http::middleware::intent;
use crate::http::problem::{self, Problem};
use crate::http::responses::{BodyProblems, IntentProblems, StoreProblems};
use crate::http::routes::ACKNOWLEDGE;
use crate::http::{AppState, SMALL_BODY_BYTES};
use crate::store::Acknowledge;

/// End a repeat
///
/// Deletes the secret that a reveal with the same `Idempotency-Key` kept for a repeat. Never touches a
/// secret that was not revealed yet.
#[utoipa::path(
    post,
    path = ACKNOWLEDGE,
    tag = "secrets",
    params(("Idempotency-Key" = String, Header,
        description = "The key of the reveal.",
        pattern = "^[A-Za-z0-9_-]{22,}$",
        example = "9f1c7a52-6d0b-4c43-9d1e-2f7f5d3b8a10")),
    request_body = TokenRequest,
    responses(
        (status = 204, description = "The copy is deleted durably."),
        BodyProblems<'_>,
        IntentProblems<'_>,
        (status = 400, description = "A Range or conditional request, or a body that is not JSON in UTF-8. \
            Nothing is consumed.", body = Problem),
        (status = 404, description = "No copy is kept for this token and key.", body = Problem),
        StoreProblems<'_>,
    )
)]
pub(crate) async fn acknowledge(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    intent::require(&request, &state)?;
    let key = Some(idempotency_key::required_key(&request)?);
    let TokenRequest { token } = body::read(&request, payload, &state, SMALL_BODY_BYTES).await?;
    let presented = Arc::new(Presented { token: token::parse(&token)?, key });
    let Located { candidates, redelivery_ids } = state.crypto.locate(&presented).await?;
    if state.store.ask(Acknowledge { candidates, redelivery_ids }).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(problem::SECRET_NOT_FOUND.into())
    }
}
