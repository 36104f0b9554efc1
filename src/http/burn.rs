//! `DELETE /api/v1/secrets/{token}`: a secret is deleted unseen.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::error::ApiError;
use super::responses::{IntentProblems, SecretProblems, StoreProblems};
use super::{State, intent, token};

/// Burn a secret unseen
///
/// The token alone is enough, also where there is a passphrase. A secret that was viewed already is
/// not found, but what is kept of it for a repeat is deleted.
#[utoipa::path(
    delete,
    path = "/api/v1/secrets/{token}",
    tag = "secrets",
    params(("token" = String, Path, description = "The token.")),
    responses(
        (status = 204, description = "It is deleted, durably."),
        IntentProblems<'_>,
        SecretProblems<'_>,
        StoreProblems<'_>,
    )
)]
pub(super) async fn burn(
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    intent::require(&request, &state)?;
    let token = token::of_path(&request)?;
    let located = state.crypto.locate(token, None).await?;
    if state.store.burn(located.candidates).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::SecretNotFound)
    }
}
