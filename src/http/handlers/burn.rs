//! `DELETE /api/v1/secrets/{token}`: deletes a secret unseen.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::crypto::{Located, Presented};
use crate::http::AppState;
use crate::http::error::ApiError;
use crate::http::extract::token;
use crate::http::middleware::intent;
use crate::http::problem;
use crate::http::responses::{IntentProblems, SecretProblems, StoreProblems};
use crate::http::routes::SECRET;
use crate::store::Burn;

/// Burn a secret unseen
///
/// Needs only the token, even if the secret has a passphrase. A secret that was already viewed is not
/// found, but a secret kept for a repeat is deleted.
#[utoipa::path(
    delete,
    path = SECRET,
    tag = "secrets",
    params(("token" = String, Path, description = "The token.")),
    responses(
        (status = 204, description = "The secret is deleted durably."),
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
        Err(problem::SECRET_NOT_FOUND.into())
    }
}
