//! `GET /api/v1/secrets/{token}` and `POST /api/v1/reveal`: a secret is taken from the store, and
//! once that is durable, opened and handed out.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use super::problem::Problem;
use super::responses::{BodyProblems, IntentProblems, SecretProblems, StoreProblems};
use super::token::{self, TokenRequest};
use super::{State, intent};
use crate::crypto::Open;
use crate::token::Token;

/// The secret. Whoever reads this is the only one who ever will.
#[derive(Serialize, ToSchema)]
pub(super) struct ViewResponse<'a> {
    /// What was confided.
    #[schema(example = "the spare key is under the third pot")]
    content: &'a str,
    /// Always `Secret retrieved successfully`.
    message: &'static str,
}

/// View a secret by its address
///
/// The secret is deleted, durably, before this is answered. A browser that navigates here is led
/// to the page with the reveal button instead, and nothing is consumed.
#[utoipa::path(
    get,
    path = "/api/v1/secrets/{token}",
    tag = "secrets",
    params(("token" = String, Path, description = "The token.")),
    responses(
        (status = 200, description = "The secret, for the first and last time.", body = ViewResponse),
        (status = 303, description = "A browser navigated here; it is led to the page."),
        IntentProblems<'_>,
        SecretProblems<'_>,
        (status = 405, description = "Viewing by GET is turned off.", body = Problem),
        (status = 500, description = "The secret was altered in the store; it is gone.", body = Problem),
        StoreProblems<'_>,
    )
)]
pub(super) async fn by_get(
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    intent::require_plain(&request)?;
    let is_navigation = intent::is_navigation(&request);
    if !is_navigation {
        intent::require(&request, state.public_url())?;
    }
    let token = token::of_path(&request)?;
    if is_navigation {
        let link = (LOCATION, state.link(&token));
        return Ok(HttpResponse::SeeOther().insert_header(link).finish());
    }
    hand_out(&state, token).await
}

/// View a secret
///
/// The same as viewing by address, but with the token in the body: it stays out of the logs of
/// whatever stands between.
#[utoipa::path(
    post,
    path = "/api/v1/reveal",
    tag = "secrets",
    request_body = TokenRequest,
    responses(
        (status = 200, description = "The secret, for the first and last time.", body = ViewResponse),
        BodyProblems<'_>,
        IntentProblems<'_>,
        SecretProblems<'_>,
        (status = 500, description = "The secret was altered in the store; it is gone.", body = Problem),
        StoreProblems<'_>,
    )
)]
pub(super) async fn reveal(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    intent::require(&request, state.public_url())?;
    let token = token::of_body(&request, payload).await?;
    hand_out(&state, token).await
}

async fn hand_out(state: &State, token: Token) -> Result<HttpResponse, ApiError> {
    let (token, candidates) = state.crypto.locate(token).await?;
    let sealed = state.store.take(candidates).await?.ok_or(ApiError::SecretNotFound)?;
    let content = state.crypto.open(Open { token, sealed }).await?;
    Ok(HttpResponse::Ok().json(ViewResponse {
        content: content.expose_text(),
        message: "Secret retrieved successfully",
    }))
}
