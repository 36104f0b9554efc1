//! `DELETE /api/v1/secrets/{token}`: a secret is deleted unseen.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::crypto::{Located, Presented};
use crate::http::AppState;
use crate::http::error::ApiError;
use crate::http::extract::token;
use crate::http::middleware::intent;
use crate::http::openapi::responses::{IntentProblems, SecretProblems, StoreProblems};
use crate::http::problem;
use crate::http::routes::SECRET;
use crate::store::Burn;

/// Burn a secret unseen
///
/// The token alone is enough, also where there is a passphrase. A secret that was viewed already is
/// not found, but what is kept of it for a repeat is deleted.
#[utoipa::path(
    delete,
    path = SECRET,
    tag = "secrets",
    params(("token" = String, Path, description = "The token.")),
    responses(
        (status = 204, description = "It is deleted, durably."),
        IntentProblems<'_>,
        SecretProblems<'_>,
        StoreProblems<'_>,
    )
)]
pub(crate) async fn burn(
    request: HttpRequest,
    state: Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    intent::require(&request, &state)?;
    let presented = Arc::new(Presented { token: token::of_path(&request)?, key: None });
    let Located { candidates, .. } = state.crypto.locate(&presented).await?;
    if state.store.ask(Burn(candidates)).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::Problem(problem::SECRET_NOT_FOUND))
    }
}
