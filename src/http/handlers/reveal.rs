//! `GET /api/v1/secrets/{token}` and `POST /api/v1/reveal`: take a secret from the store, and once that
//! is durable, open and return it.

use std::sync::Arc;

use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::crypto::{CryptoError, Located, Open, Presented, Prove, Proven, Unlock};
use crate::domain::passphrase::Passphrase;
use crate::domain::secret::Plaintext;
use crate::http::error::ApiError;
use crate::http::extract::body::{self, body};
use crate::http::extract::idempotency_key::{self, KeyHeader};
use crate::http::extract::token;
use crate::http::middleware::intent;
use crate::http::problem::{self, Problem};
use crate::http::responses::{BodyProblems, IntentProblems, SecretProblems, StoreProblems};
use crate::http::routes::{REVEAL, SECRET};
use crate::http::{AppState, SMALL_BODY_BYTES, json, to_json};
use crate::runtime::wiped::WipedBytes;
use crate::store::{Take, Taken};

body! {
    /// The token of a secret, and its passphrase if it has one.
    struct RevealRequest {
        /// The token from the response to the creation, or from the part of the link after `#`.
        #[schema(value_type = String, example = "AZwT-lmgqUKuB7SWNrIe3mFWpjEEYhZ5zmbJGhwqXbA")]
        token: Zeroizing<String>,
        /// The passphrase that the sender chose, if there is one.
        #[schema(value_type = Option<String>, example = "the name of your first cat", min_length = 1, max_length = 1024)]
        passphrase: Option<Passphrase>,
    }
}

/// The secret. Nobody else gets this response.
#[derive(Serialize, ToSchema)]
pub(crate) struct ViewResponse<'a> {
    /// The content of the secret.
    #[schema(example = "the spare key is under the third pot")]
    content: &'a str,
    /// `base64` if the content is not UTF-8, and so is written in base64 (RFC 4648, section 4).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "base64", nullable = false)]
    encoding: Option<&'static str>,
    /// Always `Secret retrieved successfully`.
    message: &'static str,
}

/// View a secret by its address
///
/// The secret is deleted durably before the response is sent. A browser that navigates here is
/// redirected to the page with the reveal button, and nothing is consumed. A secret with a passphrase is
/// refused and not consumed. An `Idempotency-Key` is ignored.
#[utoipa::path(
    get,
    path = SECRET,
    tag = "secrets",
    params(("token" = String, Path, description = "The token.")),
    responses(
        (status = 200, description = "The secret, for the first and last time.", body = ViewResponse),
        (status = 303, description = "A browser navigated here and is redirected to the page.",
            headers(("Location" = String, description = "The link."))),
        IntentProblems<'_>,
        (status = 403, description = "A prefetch, an embedded request, a page of another origin, or a \
            secret with a passphrase. Nothing is consumed.", body = Problem),
        SecretProblems<'_>,
        (status = 500, description = "The secret was altered in the store.", body = Problem),
        StoreProblems<'_>,
    )
)]
pub(crate) async fn by_get(
    request: HttpRequest,
    state: Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    if !state.settings.secrets.view_by_get {
        return Err(ApiError::ViewByGetOff);
    }
    intent::require_plain(&request)?;
    let is_navigation = intent::is_navigation(&request);
    if !is_navigation {
        intent::require_meant(&request, &state)?;
    }
    let token = token::of_path(&request)?;
    if is_navigation {
        let link = Bytes::from_owner(state.link(&token.expose_text()));
        return Ok(HttpResponse::SeeOther().insert_header((LOCATION, link)).finish());
    }
    view(&state, Presented { token, key: None }, None).await
}

/// View a secret
///
/// The same as viewing by address, but the token is in the body, so it stays out of the logs of proxies.
/// Secrets with a passphrase can be viewed only this way.
///
/// An `Idempotency-Key`, random for each secret, protects from a lost response. For
/// `secrets.redeliver_seconds`, a request with the same token and the same key gets the same response,
/// without the passphrase. To all others the secret is gone. A wrong passphrase is not repeatable: sent
/// again, it uses up another attempt.
#[utoipa::path(
    post,
    path = REVEAL,
    tag = "secrets",
    params(KeyHeader),
    request_body = RevealRequest,
    responses(
        (status = 200, description = "The secret. Only a repeat gets it again.", body = ViewResponse),
        BodyProblems<'_>,
        IntentProblems<'_>,
        (status = 400, description = "A Range or conditional request, or a body that is not JSON in UTF-8. \
            Nothing is consumed.", body = Problem),
        (status = 403, description = "The passphrase is missing (`passphrase-required`) or wrong \
            (`wrong-passphrase`; at `attempts_left` 0 the secret is destroyed), or this is a prefetch, \
            an embedded request or a page of another origin.", body = Problem),
        SecretProblems<'_>,
        (status = 500, description = "The secret was altered in the store.", body = Problem),
        StoreProblems<'_>,
    )
)]
pub(crate) async fn reveal(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    intent::require(&request, &state)?;
    let key = idempotency_key::key(&request)?;
    let RevealRequest { token, passphrase } =
        body::read(&request, payload, &state, SMALL_BODY_BYTES).await?;
    view(&state, Presented { token: token::parse(&token)?, key }, passphrase).await
}

/// Takes a secret, opens it and returns it. A passphrase is stretched, which is slow, only if the store
/// says that the secret has one.
async fn view(
    state: &AppState,
    presented: Presented,
    passphrase: Option<Passphrase>,
) -> Result<HttpResponse, ApiError> {
    let presented = Arc::new(presented);
    let Located { candidates, redelivery_ids } = state.crypto.locate(&presented).await?;
    let take = Take { candidates, redelivery_ids, proof: None };
    let again = passphrase.map(|passphrase| (passphrase, take.clone()));
    let mut taken = state.store.ask(take).await?;
    let mut unlock = None;
    if let (Taken::PassphraseRequired { key_id }, Some((passphrase, take))) = (&taken, again) {
        let prove = Prove { presented: Arc::clone(&presented), key_id: *key_id, passphrase };
        let Proven { proof, passphrase_key } = state.crypto.prove(prove).await?;
        unlock = Some(Unlock::Key(passphrase_key));
        taken = state.store.ask(Take { proof: Some(proof), ..take }).await?;
    }
    let (secret, unlock) = match taken {
        Taken::Secret(secret) => (secret, unlock),
        Taken::Again { secret, wrapped_key } => (secret, wrapped_key.map(Unlock::Wrapped)),
        Taken::PassphraseRequired { .. } => {
            return Err(problem::PASSPHRASE_REQUIRED.into());
        }
        Taken::WrongPassphrase { attempts_left } => {
            return Err(ApiError::WrongPassphrase { attempts_left });
        }
        Taken::Nothing => return Err(problem::SECRET_NOT_FOUND.into()),
    };
    let content = state.crypto.open(Open { presented, secret, unlock }).await?;
    let bytes = content.expose_bytes().len();
    let document =
        state.crypto.pools.large.run_if_large(bytes, move || document_of(&content)).await;
    Ok(json(HttpResponse::Ok(), document.map_err(|_panicked| CryptoError::Lost)?))
}

/// The response that shows `content`.
fn document_of(content: &Plaintext) -> WipedBytes {
    let message = "Secret retrieved successfully";
    if let Some(content) = content.expose_text() {
        let response = ViewResponse { content, encoding: None, message };
        return to_json(&response, content.len());
    }
    let content = &*Zeroizing::new(BASE64_STANDARD.encode(content.expose_bytes()));
    to_json(&ViewResponse { content, encoding: Some("base64"), message }, content.len())
}
