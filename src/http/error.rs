//! [`ApiError`]: everything that can be wrong with a request or an answer, and which problem that
//! is. No error repeats anything that the caller sent.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};

use super::problem::{self, FieldError, Kind, Problem};
use crate::call::CallError;
use crate::crypto::{CryptoError, SealError};
use crate::seal::ProveError;
use crate::store::{State, StoreError};

/// Seconds after which a caller for whom nothing was done may well try again.
const RETRY_AFTER_SECONDS: &str = "1";

/// Why a request is not answered as its sender would like.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("no such path")]
    NoSuchPath,
    #[error("method not allowed")]
    MethodNotAllowed { allow: &'static str },
    #[error("not the bearer of a token that lets create")]
    Unauthorized,
    #[error("viewing by GET is turned off")]
    ViewByGetOff,
    #[error("no such secret")]
    SecretNotFound,
    #[error("no such receipt")]
    ReceiptNotFound,
    #[error("a passphrase is needed")]
    PassphraseRequired,
    #[error("the passphrase is wrong")]
    WrongPassphrase { attempts_left: u32 },
    #[error("the secret has ended")]
    SecretEnded(State),
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error("too many wait")]
    TooManyWait,
    #[error("too many bodies")]
    TooManyBodies,
    #[error("too many requests")]
    TooManyRequests { retry_after: u64 },
    #[error("not JSON")]
    MalformedJson,
    #[error("the body stalls")]
    BodyTimeout,
    #[error("not a media type that is read here")]
    UnsupportedMediaType,
    #[error("the body is too large")]
    BodyTooLarge { max_bytes: usize },
    #[error("the content is too large")]
    ContentTooLarge { max_bytes: usize },
    #[error("fields are wrong")]
    InvalidFields(Vec<FieldError>),
    #[error("a partial or conditional request for a secret")]
    ConditionalView,
    #[error("a request for a secret that nobody meant to view")]
    UnintendedView,
    #[error("a request for a secret from another site")]
    ForeignOrigin,
    #[error("a handler has panicked")]
    Panicked,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl ApiError {
    /// The error for one wrong field.
    pub(super) fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::InvalidFields(vec![FieldError { field, message: message.into() }])
    }

    /// The document that tells this error to the caller of the request `request_id`.
    pub(super) fn problem<'a>(&'a self, request_id: &'a str) -> Problem<'a> {
        let kind = self.kind();
        Problem {
            r#type: format!("/problems/{}", kind.name),
            title: kind.title,
            status: kind.status.as_u16(),
            detail: self.detail().unwrap_or_else(|| kind.detail.to_owned()),
            request_id,
            errors: if let Self::InvalidFields(errors) = self { errors } else { &[] },
            attempts_left: match self {
                Self::WrongPassphrase { attempts_left } => Some(*attempts_left),
                _ => None,
            },
            state: if let Self::SecretEnded(state) = self { Some(state.as_str()) } else { None },
        }
    }

    /// Whether someone who runs the service should hear of it.
    pub(super) fn is_fault(&self) -> bool {
        let kinds = [problem::BUSY.name, problem::NO_ROOM.name];
        self.status_code().is_server_error() && !kinds.contains(&self.kind().name)
    }

    /// Whether someone presented what opens nothing here.
    pub(super) const fn is_failed_lookup(&self) -> bool {
        matches!(self, Self::SecretNotFound | Self::ReceiptNotFound | Self::WrongPassphrase { .. })
    }

    fn kind(&self) -> &'static Kind {
        match self {
            Self::NoSuchPath => problem::NO_SUCH_PATH,
            Self::MethodNotAllowed { .. } | Self::ViewByGetOff => problem::METHOD_NOT_ALLOWED,
            Self::Unauthorized => problem::UNAUTHORIZED,
            Self::SecretNotFound => problem::SECRET_NOT_FOUND,
            Self::ReceiptNotFound => problem::RECEIPT_NOT_FOUND,
            Self::PassphraseRequired => problem::PASSPHRASE_REQUIRED,
            Self::WrongPassphrase { .. } => problem::WRONG_PASSPHRASE,
            Self::SecretEnded(_) => problem::SECRET_ENDED,
            Self::KeyReused => problem::IDEMPOTENCY_KEY_REUSED,
            Self::TooManyRequests { .. } => problem::TOO_MANY_REQUESTS,
            Self::MalformedJson => problem::MALFORMED_JSON,
            Self::BodyTimeout => problem::BODY_TIMEOUT,
            Self::UnsupportedMediaType => problem::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge { .. } | Self::ContentTooLarge { .. } => problem::TOO_LARGE,
            Self::InvalidFields(_) => problem::INVALID_FIELDS,
            Self::ConditionalView => problem::CONDITIONAL_VIEW,
            Self::UnintendedView => problem::UNINTENDED_VIEW,
            Self::ForeignOrigin => problem::FOREIGN_ORIGIN,
            Self::Panicked => problem::INTERNAL_ERROR,
            Self::TooManyWait
            | Self::TooManyBodies
            | Self::Store(StoreError::Busy)
            | Self::Crypto(CryptoError::Call(CallError::Busy)) => problem::BUSY,
            Self::Crypto(
                CryptoError::Seal(SealError::Memory(_)) | CryptoError::Prove(ProveError::Memory(_)),
            ) => problem::NO_MEMORY,
            Self::Store(StoreError::NoRoom(_)) => problem::NO_ROOM,
            Self::Store(StoreError::Failed(_) | StoreError::Silent) => problem::STORE_FAILED,
            Self::Store(StoreError::OutcomeUnknown(_) | StoreError::Ended)
            | Self::Crypto(CryptoError::Call(CallError::Ended)) => problem::OUTCOME_UNKNOWN,
            Self::Store(StoreError::Closing) => problem::STOPPING,
            Self::Crypto(CryptoError::Seal(SealError::Randomness(_))) => problem::NO_RANDOMNESS,
            Self::Crypto(CryptoError::Open(_) | CryptoError::Prove(ProveError::Open(_))) => {
                problem::SECRET_DAMAGED
            }
        }
    }

    /// What can be said of this one beyond what is true of its kind.
    fn detail(&self) -> Option<String> {
        match self {
            Self::MethodNotAllowed { allow } => Some(format!("This path takes {allow} only.")),
            Self::ViewByGetOff => {
                Some("Viewing by GET is turned off: POST the token to /api/v1/reveal.".to_owned())
            }
            Self::BodyTooLarge { max_bytes } => {
                Some(format!("The body may have at most {max_bytes} bytes."))
            }
            Self::ContentTooLarge { max_bytes } => {
                Some(format!("The content may have at most {max_bytes} bytes in UTF-8."))
            }
            Self::WrongPassphrase { attempts_left: 0 } => Some(
                "The passphrase is wrong, and this was the last attempt: the secret is gone."
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind().status
    }

    /// Status and headers; the body is written by the frame, which knows the request's id.
    fn error_response(&self) -> HttpResponse {
        let kind = self.kind();
        let mut response = HttpResponseBuilder::new(kind.status);
        match self {
            Self::MethodNotAllowed { allow } => response.insert_header((ALLOW, *allow)),
            Self::ViewByGetOff => response.insert_header((ALLOW, "DELETE")),
            Self::Unauthorized => response.insert_header((WWW_AUTHENTICATE, "Bearer")),
            Self::TooManyRequests { retry_after } => {
                response.insert_header((RETRY_AFTER, *retry_after))
            }
            _ => &mut response,
        };
        // Where the outcome is unknown, nobody is invited to try again.
        let is_not_run = kind.name != problem::OUTCOME_UNKNOWN.name;
        if kind.status == StatusCode::SERVICE_UNAVAILABLE && is_not_run {
            response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        response.finish()
    }
}
