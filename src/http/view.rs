//! `GET /api/v1/secrets/{token}` and `POST /api/v1/reveal`: a secret is taken from the store, and
//! once that is durable, opened and handed out.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::body::Fields;
use super::error::ApiError;
use super::problem::Problem;
use super::responses::{BodyProblems, IntentProblems, SecretProblems, StoreProblems};
use super::{SMALL_BODY_BYTES, State, idempotency, intent, token};
use crate::crypto::{Located, Open, Prove, Proven, Unlock};
use crate::passphrase::{Passphrase, PassphraseKey};
use crate::repeat::IdempotencyKey;
use crate::store::{Proof, Take, Taken};
use crate::token::Token;

/// Which secret, and what is needed beside its token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body, which is read field by field")]
pub(super) struct RevealRequest {
    /// The token from the answer to the secret's creation, or from behind the `#` of its link.
    #[schema(example = "AZwT-lmgqUKuB7SWNrIe3mFWpjEEYhZ5zmbJGhwqXbA")]
    token: String,
    /// What its sender asks for beside it.
    #[schema(example = "the name of your first cat", min_length = 1, max_length = 1024)]
    passphrase: Option<String>,
}

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
/// to the page with the reveal button instead, and nothing is consumed; nor is a secret that has a
/// passphrase. An `Idempotency-Key` is ignored.
#[utoipa::path(
    get,
    path = "/api/v1/secrets/{token}",
    tag = "secrets",
    params(("token" = String, Path, description = "The token.")),
    responses(
        (status = 200, description = "The secret, for the first and last time.", body = ViewResponse),
        (status = 303, description = "A browser navigated here; it is led to the page.",
            headers(("Location" = String, description = "The link."))),
        IntentProblems<'_>,
        (status = 403, description = "A prefetch, an embedded or a foreign request, or a secret that \
            has a passphrase. Nothing is consumed.", body = Problem),
        SecretProblems<'_>,
        (status = 500, description = "The secret was altered in the store.", body = Problem),
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
        intent::require_meant(&request, &state)?;
    }
    let token = token::of_path(&request)?;
    if is_navigation {
        let link = (LOCATION, state.link(&token.expose_text()));
        return Ok(HttpResponse::SeeOther().insert_header(link).finish());
    }
    hand_out(&state, View { token, passphrase: None, key: None }).await
}

/// View a secret
///
/// The same as viewing by address, but with the token in the body: it stays out of the logs of
/// whatever stands between. A passphrase goes this way alone.
///
/// With an `Idempotency-Key`, a random one for each secret, whoever asks again with the same token
/// and the same key is answered the same for `secrets.redeliver_seconds`, without a passphrase, and
/// nobody else is: for when the answer got lost on its way. A wrong passphrase is not repeatable: sent
/// again, it is another attempt.
#[utoipa::path(
    post,
    path = "/api/v1/reveal",
    tag = "secrets",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "A UUID, or at least 22 characters of base64url.",
        nullable = false,
        pattern = "^[A-Za-z0-9_-]{22,}$",
        example = "9f1c7a52-6d0b-4c43-9d1e-2f7f5d3b8a10")),
    request_body = RevealRequest,
    responses(
        (status = 200, description = "The secret, for the first and last time, but for repeats.", body = ViewResponse),
        BodyProblems<'_>,
        IntentProblems<'_>,
        (status = 400, description = "A Range or conditional request, or a body that is not JSON in UTF-8. \
            Nothing is consumed.", body = Problem),
        (status = 403, description = "The passphrase is missing (`passphrase-required`) or wrong \
            (`wrong-passphrase`, with `attempts_left`: the last one destroys the secret), or this is \
            a prefetch, an embedded or a foreign request.", body = Problem),
        SecretProblems<'_>,
        (status = 500, description = "The secret was altered in the store.", body = Problem),
        StoreProblems<'_>,
    )
)]
pub(super) async fn reveal(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    intent::require(&request, &state)?;
    let key = idempotency::key(&request)?;
    let mut fields = Fields::read(&request, &state, payload, SMALL_BODY_BYTES).await?;
    let token = fields.text("token").map(Zeroizing::new);
    let passphrase = fields.passphrase();
    let (token, passphrase) = fields.finish(token.map(|token| (token, passphrase)))?;
    hand_out(&state, View { token: token::parse(&token)?, passphrase, key }).await
}

/// What someone presents to view a secret.
struct View {
    token: Token,
    passphrase: Option<Passphrase>,
    key: Option<IdempotencyKey>,
}

async fn hand_out(state: &State, view: View) -> Result<HttpResponse, ApiError> {
    let open = take(state, view).await?;
    let content = state.crypto.open(open).await?;
    Ok(HttpResponse::Ok().json(ViewResponse {
        content: content.expose_text(),
        message: "Secret retrieved successfully",
    }))
}

/// Takes a secret from the store; returns what opens it. Its passphrase is stretched only when the
/// store has said that it wants one.
async fn take(state: &State, view: View) -> Result<Open, ApiError> {
    let View { token, passphrase, key } = view;
    let Located { token, key, candidates, claims } = state.crypto.locate(token, key).await?;
    let take = Take { candidates, claims, proof: None };
    let again = passphrase.map(|passphrase| (take.clone(), passphrase));
    let taken = state.store.take(take).await?;
    let (Taken::PassphraseRequired { key_id }, Some((take, passphrase))) = (&taken, again) else {
        return opener(taken, token, key, None);
    };
    let prove = Prove { token, key_id: *key_id, passphrase, key };
    let Proven { token, key, verifier, passphrase_key, wrapped_key } =
        state.crypto.prove(prove).await?;
    let proof = Some(Proof { verifier, wrapped_key });
    let taken = state.store.take(Take { proof, ..take }).await?;
    opener(taken, token, key, Some(passphrase_key))
}

fn opener(
    outcome: Taken,
    token: Token,
    key: Option<IdempotencyKey>,
    passphrase_key: Option<PassphraseKey>,
) -> Result<Open, ApiError> {
    match outcome {
        Taken::Secret(sealed) => {
            Ok(Open { token, sealed, passphrase: passphrase_key.map(Unlock::Key) })
        }
        Taken::Again { sealed, wrapped_key } => {
            let unlock = |(wrapped, key)| Unlock::Wrapped(wrapped, key);
            Ok(Open { token, sealed, passphrase: wrapped_key.zip(key).map(unlock) })
        }
        Taken::PassphraseRequired { .. } => Err(ApiError::PassphraseRequired),
        Taken::WrongPassphrase { attempts_left } => {
            Err(ApiError::WrongPassphrase { attempts_left })
        }
        Taken::Nothing => Err(ApiError::SecretNotFound),
    }
}
