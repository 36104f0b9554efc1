//! [`ApiError`]: everything that can be wrong with a request or an answer, as RFC 9457 has it.
//!
//! No error repeats anything that the caller sent.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::CallError;
use crate::crypto::CryptoError;
use crate::store::StoreError;

/// Seconds after which a caller who found the service busy may well try again.
pub(super) const RETRY_AFTER_SECONDS: u32 = 1;

/// Why a request is not answered as its sender would like.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("no such path")]
    NoSuchPath,
    #[error("method not allowed")]
    MethodNotAllowed { allow: &'static str },
    #[error("no such secret")]
    SecretNotFound,
    #[error("not JSON")]
    MalformedJson,
    #[error("not a media type that is read here")]
    UnsupportedMediaType,
    #[error("the body is too large")]
    BodyTooLarge { max_bytes: usize },
    #[error("the content is too large")]
    ContentTooLarge { max_bytes: usize },
    #[error("fields are wrong")]
    InvalidFields(Vec<FieldError>),
    #[error("a partial or conditional request for a secret")]
    Conditional,
    #[error("a request for a secret that nobody meant to view")]
    Unintended,
    #[error("a request for a secret from another site")]
    ForeignOrigin,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// What is wrong with one field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// The field's name; empty where it is the whole document, or a field that there is not.
    pub(super) field: &'static str,
    /// What was expected.
    pub(super) message: String,
}

/// The body of every answer that is an error, as `application/problem+json` (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(super) struct Problem<'a> {
    /// Names the cause; the same for every occurrence of it.
    #[schema(example = "/problems/secret-not-found")]
    pub(super) r#type: String,
    /// The cause in a few words.
    pub(super) title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    pub(super) status: u16,
    /// What happened and what can be done about it.
    pub(super) detail: String,
    /// The same as in the header `X-Request-Id` and in the server's log.
    #[schema(example = "9f1c7a52-6d0b-4c43-9d1e-2f7f5d3b8a10")]
    pub(super) request_id: &'a str,
    /// With status 422: what is wrong with which field.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) errors: &'a [FieldError],
}

/// A cause, its status, and what it is called.
struct Cause(&'static str, StatusCode, &'static str);

impl ApiError {
    /// The error for one wrong field.
    pub(super) fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::InvalidFields(vec![FieldError { field, message: message.into() }])
    }

    /// The document that tells this error to the caller of the request `request_id`.
    pub(super) fn problem<'a>(&'a self, request_id: &'a str) -> Problem<'a> {
        let Cause(name, status, title) = self.cause();
        Problem {
            r#type: format!("/problems/{name}"),
            title,
            status: status.as_u16(),
            detail: self.detail(),
            request_id,
            errors: if let Self::InvalidFields(errors) = self { errors } else { &[] },
        }
    }

    /// Whether someone who runs the service should hear of it.
    pub(super) fn is_fault(&self) -> bool {
        self.cause().1.is_server_error() && !self.is_busy()
    }

    fn is_busy(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Busy) | Self::Crypto(CryptoError::Call(CallError::Busy))
        )
    }

    fn cause(&self) -> Cause {
        use StatusCode as S;
        match self {
            Self::NoSuchPath => Cause("no-such-path", S::NOT_FOUND, "No such path"),
            Self::MethodNotAllowed { .. } => {
                Cause("method-not-allowed", S::METHOD_NOT_ALLOWED, "Method not allowed")
            }
            Self::SecretNotFound => Cause("secret-not-found", S::NOT_FOUND, "Secret not found"),
            Self::MalformedJson => Cause("malformed-json", S::BAD_REQUEST, "Malformed JSON"),
            Self::UnsupportedMediaType => {
                Cause("unsupported-media-type", S::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type")
            }
            Self::BodyTooLarge { .. } | Self::ContentTooLarge { .. } => {
                Cause("too-large", S::PAYLOAD_TOO_LARGE, "Too large")
            }
            Self::InvalidFields(_) => {
                Cause("invalid-fields", S::UNPROCESSABLE_ENTITY, "Invalid fields")
            }
            Self::Conditional => {
                Cause("conditional-view", S::BAD_REQUEST, "Partial or conditional view")
            }
            Self::Unintended => Cause("unintended-view", S::FORBIDDEN, "Unintended view"),
            Self::ForeignOrigin => Cause("foreign-origin", S::FORBIDDEN, "Foreign origin"),
            Self::Store(error) => store_cause(error),
            Self::Crypto(CryptoError::Call(CallError::Busy)) => BUSY,
            Self::Crypto(CryptoError::Call(CallError::Ended)) => STOPPING,
            Self::Crypto(CryptoError::Seal(_)) => INTERNAL,
            Self::Crypto(CryptoError::Open(_)) => {
                Cause("secret-damaged", S::INTERNAL_SERVER_ERROR, "Secret damaged")
            }
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::NoSuchPath => "Nothing is at this path; the API is described at /docs.",
            Self::MethodNotAllowed { allow } => return format!("This path takes {allow} only."),
            Self::SecretNotFound => "Secret not found, already viewed, or expired",
            Self::MalformedJson => "The body is not a JSON document in UTF-8.",
            Self::UnsupportedMediaType => {
                "Send the body as Content-Type: application/json, without Content-Encoding."
            }
            Self::BodyTooLarge { max_bytes } => {
                return format!("The body may have at most {max_bytes} bytes.");
            }
            Self::ContentTooLarge { max_bytes } => {
                return format!("The content may have at most {max_bytes} bytes in UTF-8.");
            }
            Self::InvalidFields(_) => "See `errors` for each field and what was expected.",
            Self::Conditional => {
                "A secret is viewed whole and once: send neither Range nor If-… headers. \
                 Nothing was consumed."
            }
            Self::Unintended => {
                "This looks like a prefetch, an image or a script, not like somebody who wants \
                 to view the secret. Nothing was consumed."
            }
            Self::ForeignOrigin => {
                "A page of another site may not view or burn a secret. Nothing was consumed."
            }
            Self::Store(error) => store_detail(error),
            Self::Crypto(CryptoError::Call(CallError::Busy)) => BUSY_DETAIL,
            Self::Crypto(CryptoError::Call(CallError::Ended)) => STOPPING_DETAIL,
            Self::Crypto(CryptoError::Seal(_)) => "Nothing was stored. Try again.",
            Self::Crypto(CryptoError::Open(_)) => {
                "The secret was altered in the store or sealed by another version; it cannot be \
                 opened and is gone. Ask its sender for it again."
            }
        }
        .to_owned()
    }
}

const BUSY: Cause = Cause("busy", StatusCode::SERVICE_UNAVAILABLE, "Busy");
const BUSY_DETAIL: &str = "The service is busy and did nothing. Try again.";
const STOPPING: Cause = Cause("stopping", StatusCode::SERVICE_UNAVAILABLE, "Stopping");
const STOPPING_DETAIL: &str = "The service is stopping. Try again later.";
const INTERNAL: Cause = Cause("internal", StatusCode::INTERNAL_SERVER_ERROR, "Internal error");
const OUTCOME_UNKNOWN: Cause =
    Cause("outcome-unknown", StatusCode::SERVICE_UNAVAILABLE, "Outcome unknown");

fn store_cause(error: &StoreError) -> Cause {
    match error {
        StoreError::Busy => BUSY,
        StoreError::NoRoom(_) => {
            Cause("no-room", StatusCode::INSUFFICIENT_STORAGE, "Insufficient storage")
        }
        StoreError::Failed(_) | StoreError::Silent => {
            Cause("store-failed", StatusCode::SERVICE_UNAVAILABLE, "Store failed")
        }
        StoreError::Ended | StoreError::OutcomeUnknown(_) => OUTCOME_UNKNOWN,
        StoreError::Closing => STOPPING,
    }
}

fn store_detail(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy => BUSY_DETAIL,
        StoreError::NoRoom(_) => "There is no room on the server's disk; nothing was done.",
        StoreError::Failed(_) => "The store failed; nothing was done. Try again later.",
        StoreError::Silent => "The store does not answer. Try again later.",
        StoreError::Ended | StoreError::OutcomeUnknown(_) => {
            "The store failed while it committed: what was asked may be done, or not. Nothing was \
             shown to anyone."
        }
        StoreError::Closing => STOPPING_DETAIL,
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.cause().1
    }

    /// Status and headers; the body is written by the frame, which knows the request's id.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status_code());
        if let Self::MethodNotAllowed { allow } = self {
            response.insert_header(("Allow", *allow));
        }
        if self.status_code() == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header(("Retry-After", RETRY_AFTER_SECONDS.to_string()));
        }
        response.finish()
    }
}
