//! Every problem there is, and the document that tells one to a caller (RFC 9457).

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem document.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// A kind of problem: what it is called, its status, and what can be done about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// The end of its type, as in `/problems/busy`.
    pub(super) name: &'static str,
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
}

/// The body of every answer that is an error, as `application/problem+json` (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(super) struct Problem<'a> {
    /// Names the kind of problem; each is described at that address.
    #[schema(example = "/problems/secret-not-found")]
    pub(super) r#type: String,
    /// The kind in a few words.
    #[schema(example = "Secret not found")]
    pub(super) title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    pub(super) status: u16,
    /// What happened and what can be done about it.
    #[schema(example = "Secret not found, already viewed, or expired")]
    pub(super) detail: String,
    /// The same as in the header `X-Request-Id` and in the server's log.
    #[schema(example = "9f1c7a52-6d0b-4c43-9d1e-2f7f5d3b8a10")]
    pub(super) request_id: &'a str,
    /// With status 422: what is wrong with which field.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) errors: &'a [FieldError],
    /// With `/problems/wrong-passphrase`: how many attempts are left; the last wrong one destroys the
    /// secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 9, nullable = false)]
    pub(super) attempts_left: Option<u32>,
    /// With `/problems/secret-ended`: `viewed`, `locked` or `expired`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "viewed", nullable = false)]
    pub(super) state: Option<&'static str>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// The field's name; empty where it is the whole document, or a field that there is not.
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
        "The body is not a JSON document in UTF-8, or one that nests too deeply or holds a number \
         beyond all bounds.";
    CONDITIONAL_VIEW = "conditional-view", BAD_REQUEST, "Partial or conditional view",
        "A secret is viewed whole and once: send neither Range nor If-… headers. Nothing was \
         consumed.";
    UNAUTHORIZED = "unauthorized", UNAUTHORIZED, "Unauthorized",
        "Not everyone may create secrets here: send Authorization: Bearer with a token that those who \
         run the service gave you.";
    BODY_TIMEOUT = "body-timeout", REQUEST_TIMEOUT, "Body timeout",
        "The body did not arrive in time; nothing was done.";
    UNINTENDED_VIEW = "unintended-view", FORBIDDEN, "Unintended view",
        "This looks like a prefetch, an image or a script, not like somebody who wants to view \
         the secret. Nothing was consumed.";
    FOREIGN_ORIGIN = "foreign-origin", FORBIDDEN, "Foreign origin",
        "A page of another site may not view or burn a secret. Nothing was consumed.";
    PASSPHRASE_REQUIRED = "passphrase-required", FORBIDDEN, "Passphrase required",
        "The secret has a passphrase: POST it with the token to /api/v1/reveal. Nothing was consumed.";
    WRONG_PASSPHRASE = "wrong-passphrase", FORBIDDEN, "Wrong passphrase",
        "The passphrase is wrong. The secret stays until no attempts are left, see `attempts_left`.";
    SECRET_NOT_FOUND = "secret-not-found", NOT_FOUND, "Secret not found",
        "Secret not found, already viewed, or expired";
    RECEIPT_NOT_FOUND = "receipt-not-found", NOT_FOUND, "Receipt not found",
        "There is no such receipt, or it was kept long enough after the end of its secret.";
    NO_SUCH_PATH = "no-such-path", NOT_FOUND, "No such path",
        "Nothing is at this path; the API is described at /docs.";
    METHOD_NOT_ALLOWED = "method-not-allowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "This path takes other methods only, see the header Allow.";
    SECRET_ENDED = "secret-ended", CONFLICT, "Secret ended",
        "The secret has ended already and cannot be burned; `state` says how.";
    TOO_LARGE = "too-large", PAYLOAD_TOO_LARGE, "Too large",
        "The content or the whole body is larger than this server takes.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type",
        "Send the body as Content-Type: application/json, without Content-Encoding.";
    INVALID_FIELDS = "invalid-fields", UNPROCESSABLE_ENTITY, "Invalid fields",
        "See `errors` for each field and what was expected.";
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "Idempotency key reused",
        "This Idempotency-Key came with another request before. Choose a new one for each secret; \
         nothing was stored.";
    TOO_MANY_REQUESTS = "too-many-requests", TOO_MANY_REQUESTS, "Too many requests",
        "More requests or failed lookups came from your address than this server allows; nothing was \
         done. Try again after as many seconds as the header Retry-After says.";
    SECRET_DAMAGED = "secret-damaged", INTERNAL_SERVER_ERROR, "Secret damaged",
        "The secret was altered in the store and cannot be opened. Ask its sender for it again.";
    NO_RANDOMNESS = "no-randomness", INTERNAL_SERVER_ERROR, "No randomness",
        "The server's operating system gave no random bytes; nothing was stored. Try again.";
    INTERNAL_ERROR = "internal-error", INTERNAL_SERVER_ERROR, "Internal error",
        "The service made a mistake before it could tell the outcome: what was asked may be done, or \
         not. Nothing was shown to anyone.";
    NO_MEMORY = "no-memory", SERVICE_UNAVAILABLE, "No memory",
        "The server has no memory left for the passphrase; nothing was done. Try again later.";
    BUSY = "busy", SERVICE_UNAVAILABLE, "Busy",
        "The service is busy and did nothing. Try again.";
    STOPPING = "stopping", SERVICE_UNAVAILABLE, "Stopping",
        "The service is stopping and did nothing. Try again later.";
    STORE_FAILED = "store-failed", SERVICE_UNAVAILABLE, "Store failed",
        "The store failed and did nothing. Try again later.";
    OUTCOME_UNKNOWN = "outcome-unknown", SERVICE_UNAVAILABLE, "Outcome unknown",
        "The service failed before it could tell the outcome: what was asked may be done, or not. \
         Nothing was shown to anyone.";
    NO_ROOM = "no-room", INSUFFICIENT_STORAGE, "No room",
        "There is no room for this on the server; nothing was done.";
}
