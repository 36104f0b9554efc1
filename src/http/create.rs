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
use super::{SECRETS, SMALL_BODY_BYTES, State};
use crate::config::Secrets;
use crate::crypto::Seal;
use crate::lifetime::Lifetime;
use crate::secret::Plaintext;

/// JSON may write each byte of a content as six: `\u0041`.
const ESCAPE_FACTOR: usize = 6;

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
}

/// Store a secret
///
/// When this is answered, the secret is on disk. It stays there until it is viewed, burned or
/// expired.
#[utoipa::path(
    post,
    path = "/api/v1/secrets",
    tag = "secrets",
    request_body = CreateRequest,
    responses(
        (status = 201, description = "It is stored.", body = CreateResponse,
            headers(("Location" = String, description = "The address of the secret."))),
        BodyProblems<'_>,
        (status = 500, description = "There were no random bytes for a token.", body = Problem),
        StoreProblems<'_>,
    )
)]
pub(super) async fn create(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let limits = &state.settings.secrets;
    let max_bytes = limits.max_content_bytes * ESCAPE_FACTOR + SMALL_BODY_BYTES;
    let fields = Fields::read(&request, payload, max_bytes).await?;
    let (content, lifetime) = parse(fields, limits)?;
    let expires_at = state.clock.now().plus(lifetime.as_duration());
    let (token, sealed) = state.crypto.seal(Seal { content, expires_at }).await?;
    state.store.create(sealed).await?;
    let text = token.expose_text();
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("{SECRETS}{}", *text))).json(
        CreateResponse {
            token: &text,
            expires_at: expires_at.to_rfc3339(),
            message: "Secret stored successfully",
            url: state.link(&token),
        },
    ))
}

fn parse(mut fields: Fields, limits: &Secrets) -> Result<(Plaintext, Lifetime), ApiError> {
    let content = content(&mut fields, limits.max_content_bytes)?;
    let hours = fields.optional_number("ttl_hours").unwrap_or(limits.default_ttl_hours);
    let lifetime = Lifetime::parse(hours, limits.max_ttl_hours).ok();
    if lifetime.is_none() {
        let most = limits.max_ttl_hours;
        fields.refuse("ttl_hours", format!("must be from one second to {most} hours"));
    }
    fields.finish(content.zip(lifetime))
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
