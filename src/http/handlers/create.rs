//! `POST /api/v1/secrets`: a secret is sealed and stored.

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
use crate::http::openapi::responses::{BodyProblems, StoreProblems};
use crate::http::problem::{self, Problem};
use crate::http::routes::SECRETS;
use crate::http::{AppState, SMALL_BODY_BYTES, json, to_json};
use crate::store::Created;

body! {
    /// What is to be kept, and for how long.
    struct CreateRequest {
        /// The secret: text, not empty.
        #[schema(value_type = String, example = "the spare key is under the third pot", min_length = 1)]
        content: Plaintext,
        /// Hours until it expires, at least one second; fractions count. 24 unless configured
        /// otherwise.
        #[schema(value_type = Option<f64>, example = 0.25)]
        ttl_hours: TimeToLive,
        /// What is needed beside the token to view it: 1 to 1,024 bytes in normal form C.
        #[schema(value_type = Option<String>, example = "the name of your first cat", min_length = 1, max_length = 1024)]
        passphrase: Option<Passphrase>,
        /// Whether a receipt is wanted, which tells what becomes of the secret.
        #[schema(value_type = Option<bool>, example = true)]
        receipt: bool,
    }
}

/// What opens the secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreateResponse<'a> {
    /// Opens the secret, once. Whoever has it can view or burn it.
    #[schema(min_length = 43, max_length = 43)]
    token: &'a str,
    /// When it expires: RFC 3339, milliseconds, `Z`.
    #[schema(example = "2026-01-31T12:00:00.000Z", format = DateTime)]
    expires_at: String,
    /// Always `Secret stored successfully`.
    message: &'static str,
    /// A link for people. It can be previewed and loaded without being used up.
    url: &'a str,
    /// Whether a passphrase is needed beside the token.
    passphrase_required: bool,
    /// Where one was wanted: tells what becomes of the secret, burns it, and opens nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 43, max_length = 43, nullable = false)]
    receipt: Option<&'a str>,
}

/// Store a secret
///
/// When this is answered, the secret is on disk. It stays there until it is viewed, burned, locked
/// or expired.
///
/// With an `Idempotency-Key`, a retry with the same key and the same fields within 24 hours is
/// answered the same and stores nothing, also when the secret is gone by then. One that has a
/// passphrase takes as much time as the first.
#[utoipa::path(
    post,
    path = SECRETS,
    tag = "secrets",
    params(KeyHeader),
    request_body = CreateRequest,
    responses(
        (status = 201, description = "It is stored.", body = CreateResponse,
            headers(("Location" = String, description = "The address of the secret."))),
        BodyProblems<'_>,
        (status = 401, description = "The bearers of access tokens alone may create here, and this \
            request bears none of theirs.", body = Problem, headers(("WWW-Authenticate" = String,
            description = "Always `Bearer`."))),
        (status = 422, description = "A field or the `Idempotency-Key` is wrong, or that key came with \
            other fields before (`idempotency-key-reused`).", body = Problem),
        (status = 500, description = "There were no random bytes for a token.", body = Problem),
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
    Ok(json(
        response,
        to_json(&CreateResponse {
            token: &token,
            expires_at: expires_at.to_rfc3339(),
            message: "Secret stored successfully",
            url: &state.link(&token),
            passphrase_required,
            receipt: receipt.as_ref().map(|receipt| receipt.as_str()),
        }),
    ))
}
