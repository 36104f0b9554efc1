//! `POST /api/v1/secrets`: a secret is sealed and stored.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::Fields;
use super::error::ApiError;
use super::problem::Problem;
use super::responses::{BodyProblems, StoreProblems};
use super::{SECRETS, SMALL_BODY_BYTES, State, access, idempotency};
use crate::clock::Timestamp;
use crate::config::Secrets;
use crate::crypto::{Recall, Seal, Sealed};
use crate::lifetime::Lifetime;
use crate::seal::Issued;
use crate::secret::{Deposit, Plaintext};
use crate::store::Created;
use crate::token::Receipt;

/// What is to be kept, and for how long.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body, which is read field by field")]
pub(super) struct CreateRequest {
    /// The secret: text, not empty.
    #[schema(example = "the spare key is under the third pot", min_length = 1)]
    content: String,
    /// Hours until it expires, at least one second; fractions count. 24 unless configured
    /// otherwise.
    #[schema(example = 0.25)]
    ttl_hours: Option<f64>,
    /// What is needed beside the token to view it: 1 to 1,024 bytes in normal form C.
    #[schema(example = "the name of your first cat", min_length = 1, max_length = 1024)]
    passphrase: Option<String>,
    /// Whether a receipt is wanted, which tells what becomes of the secret.
    #[schema(example = true)]
    receipt: Option<bool>,
}

/// What opens the secret.
#[derive(Serialize, ToSchema)]
pub(super) struct CreateResponse<'a> {
    /// Opens the secret, once. Whoever has it can view or burn it.
    #[schema(min_length = 43, max_length = 43)]
    token: &'a str,
    /// When it expires: RFC 3339, milliseconds, `Z`.
    #[schema(example = "2026-01-31T12:00:00.000Z", format = DateTime)]
    expires_at: String,
    /// Always `Secret stored successfully`.
    message: &'static str,
    /// A link for people. It can be previewed and loaded without being used up.
    url: String,
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
    path = "/api/v1/secrets",
    tag = "secrets",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "A UUID, or at least 22 characters of base64url.",
        nullable = false,
        pattern = "^[A-Za-z0-9_-]{22,}$",
        example = "9f1c7a52-6d0b-4c43-9d1e-2f7f5d3b8a10")),
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
pub(super) async fn create(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    access::require(&request, &state.settings.access.create_tokens)?;
    let key = idempotency::key(&request)?;
    let limits = &state.settings.secrets;
    let max_bytes = limits.max_escaped_bytes() + SMALL_BODY_BYTES;
    let fields = Fields::read(&request, &state, payload, max_bytes).await?;
    let (deposit, lifetime) = parse(fields, limits)?;
    let passphrase_required = deposit.passphrase.is_some();
    let (issued, expires_at) = store(&state, Seal { deposit, lifetime, key }).await?;
    let text = issued.token.expose_text();
    let receipt = issued.receipt.as_ref().map(Receipt::expose_text);
    Ok(HttpResponse::Created().insert_header((LOCATION, [SECRETS, &text].concat())).json(
        CreateResponse {
            token: &text,
            expires_at: expires_at.to_rfc3339(),
            message: "Secret stored successfully",
            url: state.link(&text),
            passphrase_required,
            receipt: receipt.as_ref().map(|receipt| receipt.as_str()),
        },
    ))
}

/// Stores a secret, unless this is the retry of a creation: then it finds what came of that.
async fn store(state: &State, seal: Seal) -> Result<(Issued, Timestamp), ApiError> {
    let Sealed { issued, secret, retry } = state.crypto.seal(seal).await?;
    let expires_at = secret.sealed.expires_at;
    match (state.store.create(secret).await?, retry) {
        (Created::Stored, _) => Ok((issued, expires_at)),
        (Created::Before(creation), Some(retry)) => {
            let issued = state.crypto.recall(Recall { retry, creation }).await?;
            Ok((issued.ok_or(ApiError::KeyReused)?, creation.expires_at))
        }
        (Created::Before(_), None) => Err(ApiError::KeyReused),
    }
}

fn parse(mut fields: Fields, limits: &Secrets) -> Result<(Deposit, Lifetime), ApiError> {
    let content = content(&mut fields, limits.max_content_bytes)?;
    let ttl_hours = fields.optional_number("ttl_hours");
    let hours = ttl_hours.unwrap_or(limits.default_ttl_hours);
    let lifetime = Lifetime::parse(hours, limits.max_ttl_hours).ok();
    if lifetime.is_none() {
        let most = limits.max_ttl_hours;
        fields.refuse("ttl_hours", format!("must be from one second to {most} hours"));
    }
    let passphrase = fields.passphrase();
    let wants_receipt = fields.flag("receipt");
    let deposit = content.map(|content| Deposit { content, ttl_hours, passphrase, wants_receipt });
    fields.finish(deposit.zip(lifetime))
}

fn content(fields: &mut Fields, max_bytes: usize) -> Result<Option<Plaintext>, ApiError> {
    let Some(text) = fields.text("content") else { return Ok(None) };
    let content = Plaintext::parse(text).ok();
    match &content {
        None => fields.refuse("content", "must not be empty"),
        Some(content) if content.expose_text().len() > max_bytes => {
            return Err(ApiError::ContentTooLarge { max_bytes });
        }
        Some(_) => {}
    }
    Ok(content)
}
