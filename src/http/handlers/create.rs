//! `POST /api/v1/secrets`: seals and stores a secret.

use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::crypto::{Seal, Sealed};
use crate::domain::passphrase::Passphrase;
use crate::domain::secret::Plaintext;
use crate::domain::time_to_live::TimeToLive;
use crate::domain::token::Receipt;
use crate::http::error::ApiError;
use crate::http::extract::bearer;
use crate::http::extract::body::{self, body};
use crate::http::extract::idempotency_key::{self, KeyHeader};
use crate::http::problem::{self, Problem};
use crate::http::responses::{BodyProblems, StoreProblems};
use crate::http::routes::SECRETS;
use crate::http::{AppState, SMALL_BODY_BYTES, json, to_json};
use crate::store::Created;

body! {
    /// A secret and how long to keep it.
    struct CreateRequest {
        /// The secret: text, not empty.
        #[schema(value_type = String, example = "the spare key is under the third pot", min_length = 1)]
        content: Plaintext,
        /// Hours until the secret expires, at least one second. Fractions are allowed. Missing or
        /// null: the server's default.
        #[schema(value_type = Option<f64>, example = 0.25)]
        ttl_hours: TimeToLive,
        /// Required in addition to the token to view the secret: 1 to 1,024 bytes in normal form C.
        #[schema(value_type = Option<String>, example = "the name of your first cat", min_length = 1, max_length = 1024)]
        passphrase: Option<Passphrase>,
        /// Whether to issue a receipt, which tells what becomes of the secret.
        #[schema(value_type = Option<bool>, example = true)]
        receipt: bool,
    }
}

/// The token of the new secret, and its properties.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreateResponse<'a> {
    /// Opens the secret, once. Whoever has the token can view or burn the secret.
    #[schema(min_length = 43, max_length = 43)]
    token: &'a str,
    /// When the secret expires: RFC 3339 in UTC, with milliseconds.
    #[schema(example = "2026-01-31T12:00:00.000Z", format = DateTime)]
    expires_at: String,
    /// Always `Secret stored successfully`.
    message: &'static str,
    /// A link for people. Loading or previewing it does not consume the secret.
    url: &'a str,
    /// Whether viewing the secret requires a passphrase.
    passphrase_required: bool,
    /// If requested: tells what becomes of the secret and can burn it, but cannot open it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 43, max_length = 43, nullable = false)]
    receipt: Option<&'a str>,
}

/// Store a secret
///
/// The secret is on disk before the response is sent. It stays there until it is viewed, burned, locked
/// or expired.
///
/// With an `Idempotency-Key`, a retry with the same key and the same fields within 24 hours gets the
/// same response and stores nothing, even if the secret is gone by then. A retry with a passphrase takes
/// as long as the first request.
#[utoipa::path(
    post,
    path = SECRETS,
    tag = "secrets",
    params(KeyHeader),
    request_body = CreateRequest,
    responses(
        (status = 201, description = "The secret is stored.", body = CreateResponse,
            headers(("Location" = String, description = "The address of the secret."))),
        BodyProblems<'_>,
        (status = 401, description = "Creating requires an access token, and this request has no \
            valid one.", body = Problem, headers(("WWW-Authenticate" = String,
            description = "Always `Bearer`."))),
        (status = 422, description = "A field or the `Idempotency-Key` is invalid, or that key was \
            already used with other fields (`idempotency-key-reused`).", body = Problem),
        (status = 500, description = "The operating system returned no random bytes.", body = Problem),
        StoreProblems<'_>,
    )
)]
pub(crate) async fn create(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    bearer::require(&request, &state.settings.access.create_tokens)?;
    let key = idempotency_key::key(&request)?;
    let max_bytes = state.settings.secrets.max_escaped_bytes() + SMALL_BODY_BYTES;
    let CreateRequest { content, ttl_hours: time_to_live, passphrase, receipt: wants_receipt } =
        body::read(&request, payload, &state, max_bytes).await?;
    let passphrase_required = passphrase.is_some();
    let seal = Seal { content, time_to_live, passphrase, wants_receipt, key };
    let Sealed { mut issued, create, retry } = state.crypto.seal(seal).await?;
    let mut expires_at = create.secret.expires_at;
    if let Created::Before(creation) = state.store.ask(create).await? {
        let retry = retry.ok_or(problem::IDEMPOTENCY_KEY_REUSED)?;
        issued = state.crypto.recall(&retry, &creation).ok_or(problem::IDEMPOTENCY_KEY_REUSED)?;
        expires_at = creation.expires_at;
    }
    let token = issued.token.expose_text();
    let receipt = issued.receipt.as_ref().map(Receipt::expose_text);
    let mut response = HttpResponse::Created();
    let address = Zeroizing::new([SECRETS, "/", &token].concat());
    response.insert_header((LOCATION, Bytes::from_owner(address)));
    let document = CreateResponse {
        token: &token,
        expires_at: expires_at.to_rfc3339(),
        message: "Secret stored successfully",
        url: &state.link(&token),
        passphrase_required,
        receipt: receipt.as_ref().map(|receipt| receipt.as_str()),
    };
    Ok(json(response, to_json(&document, 0)))
}
