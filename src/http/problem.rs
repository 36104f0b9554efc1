//! All kinds of problem, and the problem document that reports one to a caller (RFC 9457).

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem document.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// A kind of problem: its name, its status, and what the caller can do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// The last segment of its type: `busy` in `/problems/busy`.
    pub(super) name: &'static str,
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
}

/// The body of every error response, as `application/problem+json` (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(super) struct Problem<'a> {
    /// The kind of problem: an address that leads to its description.
    #[schema(example = "/problems/secret-not-found")]
    pub(super) r#type: String,
    /// The kind in a few words.
    #[schema(example = "Secret not found")]
    pub(super) title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    pub(super) status: u16,
    /// The cause, and advice for the caller.
    #[schema(example = "Secret not found, already viewed, or expired")]
    pub(super) detail: String,
    /// The request id, as in the header `X-Request-Id` and in the server's log.
    #[schema(example = "9f1c7a52-6d0b-4c43-9d1e-2f7f5d3b8a10")]
    pub(super) request_id: &'a str,
    /// With `/problems/invalid-fields`: each invalid field.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) errors: &'a [FieldError],
    /// With `/problems/wrong-passphrase`: the number of attempts left before the secret is destroyed.
    /// The last wrong attempt destroys it and is answered with 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 9, nullable = false)]
    pub(super) attempts_left: Option<u32>,
    /// With `/problems/secret-ended`: how the secret ended: `viewed`, `locked` or `expired`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "viewed", nullable = false)]
    pub(super) state: Option<&'static str>,
}

/// An invalid field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// The name of the field, header or parameter. Empty for the whole body and for unknown fields.
    #[schema(example = "ttl_hours")]
    pub(super) field: &'static str,
    /// What was expected.
    #[schema(example = "must be from one second to 720 hours")]
    pub(super) message: String,
}

impl FieldError {
    pub(super) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

/// Declares the kinds as constants, and the list of all of them.
macro_rules! kinds {
    ($($constant:ident = $name:literal, $status:ident, $title:literal, $detail:literal;)*) => {
        $(pub(super) const $constant: &Kind =
            &Kind { name: $name, status: StatusCode::$status, title: $title, detail: $detail };)*
        /// All kinds of problem.
        pub(super) const KINDS: &[&Kind] = &[$($constant),*];
    };
}

kinds! {
    MALFORMED_JSON = "malformed-json", BAD_REQUEST, "Malformed JSON",
        "The body is not valid JSON in UTF-8, is nested too deeply, or contains a number that is out \
         of range.";
    CONDITIONAL_VIEW = "conditional-view", BAD_REQUEST, "Partial or conditional view",
        "A secret can be viewed only as a whole and only once. Send the request without Range and \
         If-… headers. Nothing was consumed.";
    UNAUTHORIZED = "unauthorized", UNAUTHORIZED, "Unauthorized",
        "Creating secrets on this server requires an access token. Get one from its operator, and send \
         it as Authorization: Bearer TOKEN.";
    BODY_TIMEOUT = "body-timeout", REQUEST_TIMEOUT, "Body timeout",
        "The body did not arrive in time; nothing was done.";
    UNINTENDED_VIEW = "unintended-view", FORBIDDEN, "Unintended view",
        "The headers of the request mark it as a prefetch, or as embedded in a page, like an image or a \
         script. Nothing was consumed.";
    FOREIGN_ORIGIN = "foreign-origin", FORBIDDEN, "Foreign origin",
        "Pages of other origins may not view or burn secrets, unless server.cors_origins lists them. \
         Nothing was consumed.";
    PASSPHRASE_REQUIRED = "passphrase-required", FORBIDDEN, "Passphrase required",
        "The secret has a passphrase. POST the token and the passphrase to /api/v1/reveal. Nothing was \
         consumed.";
    WRONG_PASSPHRASE = "wrong-passphrase", FORBIDDEN, "Wrong passphrase",
        "The passphrase is wrong. When `attempts_left` is 0, the secret is destroyed.";
    SECRET_NOT_FOUND = "secret-not-found", NOT_FOUND, "Secret not found",
        "Secret not found, already viewed, or expired";
    RECEIPT_NOT_FOUND = "receipt-not-found", NOT_FOUND, "Receipt not found",
        "No such receipt, or it is no longer kept.";
    NO_SUCH_PATH = "no-such-path", NOT_FOUND, "No such path",
        "This path does not exist. See /docs for the API.";
    METHOD_NOT_ALLOWED = "method-not-allowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "This path does not support the method. The header Allow lists those it supports.";
    SECRET_ENDED = "secret-ended", CONFLICT, "Secret ended",
        "The secret has already ended and cannot be burned. `state` says how it ended.";
    TOO_LARGE = "too-large", PAYLOAD_TOO_LARGE, "Too large",
        "The content or the whole body is larger than this server accepts.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type",
        "Send the body as Content-Type: application/json, without Content-Encoding.";
    INVALID_FIELDS = "invalid-fields", UNPROCESSABLE_ENTITY, "Invalid fields",
        "`errors` lists each invalid field and what was expected.";
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "Idempotency key reused",
        "This Idempotency-Key was already used with another request. Choose a new random key for each \
         secret. Nothing was stored.";
    TOO_MANY_REQUESTS = "too-many-requests", TOO_MANY_REQUESTS, "Too many requests",
        "Your address sent more requests or failed lookups than this server allows; nothing was done. \
         Try again after the number of seconds in the header Retry-After.";
    SECRET_DAMAGED = "secret-damaged", INTERNAL_SERVER_ERROR, "Secret damaged",
        "The secret was altered in the store and cannot be opened. Ask the sender for a new link.";
    NO_RANDOMNESS = "no-randomness", INTERNAL_SERVER_ERROR, "No randomness",
        "The server's operating system returned no random bytes. Nothing was stored. Try again.";
    INTERNAL_ERROR = "internal-error", INTERNAL_SERVER_ERROR, "Internal error",
        "An internal error interrupted the request. It may or may not have taken effect. Nothing was \
         shown to anyone.";
    NO_MEMORY = "no-memory", SERVICE_UNAVAILABLE, "No memory",
        "The server has not enough memory to process the passphrase. Nothing was done. Try again later.";
    BUSY = "busy", SERVICE_UNAVAILABLE, "Busy",
        "The service is busy and did nothing. Try again.";
    STOPPING = "stopping", SERVICE_UNAVAILABLE, "Stopping",
        "The service is stopping and did nothing. Try again later.";
    STORE_FAILED = "store-failed", SERVICE_UNAVAILABLE, "Store failed",
        "The store failed. Nothing was done. Try again later.";
    OUTCOME_UNKNOWN = "outcome-unknown", SERVICE_UNAVAILABLE, "Outcome unknown",
        "The service failed before it knew the outcome. The request may or may not have taken effect. \
         Nothing was shown to anyone.";
    NO_ROOM = "no-room", INSUFFICIENT_STORAGE, "Insufficient storage",
        "The server has not enough storage space. Nothing was done.";
}
