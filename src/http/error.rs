//! [`ApiError`]: everything that can be wrong with a request or an answer, and which problem that
//! is. No error repeats anything that the caller sent.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};

use super::problem::{self, FieldError, Kind, Problem};
use super::routes::ALLOWED_WITHOUT_VIEW;
use crate::crypto::CryptoError;
use crate::crypto::format::FormatError;
use crate::runtime::pool::PoolError;
use crate::store::{State, StoreError};

/// Seconds after which a caller for whom nothing was done may well try again.
const RETRY_AFTER_SECONDS: &str = "1";

/// Why a request is not answered as its sender would like.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// One of which no more is to be said than what is true of its kind.
    #[error("{}", .0.title)]
    Problem(&'static Kind),
    #[error("method not allowed")]
    MethodNotAllowed { allow: &'static str },
    #[error("viewing by GET is turned off")]
    ViewByGetOff,
    #[error("the passphrase is wrong")]
    WrongPassphrase { attempts_left: u32 },
    #[error("the secret has ended")]
    SecretEnded(State),
    #[error("too many requests")]
    TooManyRequests { retry_after: u64 },
    #[error("the body is too large")]
    BodyTooLarge { max_bytes: usize },
    #[error("the content is too large")]
    ContentTooLarge { max_bytes: usize },
    #[error("fields are wrong")]
    InvalidFields(Vec<FieldError>),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    #[error(transparent)]
    Work(#[from] PoolError),
}

impl From<&'static Kind> for ApiError {
    fn from(kind: &'static Kind) -> Self {
        Self::Problem(kind)
    }
}

impl ApiError {
    /// The error for one wrong field.
    pub(super) fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::InvalidFields(vec![FieldError::new(field, message)])
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
        let kinds = [problem::BUSY, problem::NO_ROOM];
        self.status_code().is_server_error() && !kinds.contains(&self.kind())
    }

    /// Whether someone presented what opens nothing here.
    pub(super) fn is_failed_lookup(&self) -> bool {
        let kinds =
            [problem::SECRET_NOT_FOUND, problem::RECEIPT_NOT_FOUND, problem::WRONG_PASSPHRASE];
        kinds.contains(&self.kind())
    }

    fn kind(&self) -> &'static Kind {
        match self {
            Self::Problem(kind) => kind,
            Self::MethodNotAllowed { .. } | Self::ViewByGetOff => problem::METHOD_NOT_ALLOWED,
            Self::WrongPassphrase { .. } => problem::WRONG_PASSPHRASE,
            Self::SecretEnded(_) => problem::SECRET_ENDED,
            Self::TooManyRequests { .. } => problem::TOO_MANY_REQUESTS,
            Self::BodyTooLarge { .. } | Self::ContentTooLarge { .. } => problem::TOO_LARGE,
            Self::InvalidFields(_) => problem::INVALID_FIELDS,
            Self::Work(error) | Self::Crypto(CryptoError::Pool(error)) => match error {
                PoolError::Busy => problem::BUSY,
                PoolError::Panicked => problem::INTERNAL_ERROR,
            },
            Self::Store(StoreError::Busy) => problem::BUSY,
            Self::Store(StoreError::NoRoom(_)) => problem::NO_ROOM,
            Self::Store(StoreError::Failed(_) | StoreError::Silent) => problem::STORE_FAILED,
            Self::Store(StoreError::OutcomeUnknown(_) | StoreError::Ended)
            | Self::Crypto(CryptoError::Lost) => problem::OUTCOME_UNKNOWN,
            Self::Store(StoreError::Closing) | Self::Crypto(CryptoError::Ended) => {
                problem::STOPPING
            }
            Self::Crypto(CryptoError::Format(FormatError::NoMemory)) => problem::NO_MEMORY,
            Self::Crypto(CryptoError::Format(FormatError::NoRandomness(_))) => {
                problem::NO_RANDOMNESS
            }
            Self::Crypto(CryptoError::Format(_)) => problem::SECRET_DAMAGED,
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
            Self::ViewByGetOff => response.insert_header((ALLOW, ALLOWED_WITHOUT_VIEW)),
            Self::Problem(problem::UNAUTHORIZED) => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer"))
            }
            Self::TooManyRequests { retry_after } => {
                response.insert_header((RETRY_AFTER, *retry_after))
            }
            _ => &mut response,
        };
        // Where the outcome is unknown, nobody is invited to try again.
        let is_not_run = kind != problem::OUTCOME_UNKNOWN;
        if kind.status == StatusCode::SERVICE_UNAVAILABLE && is_not_run {
            response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        response.finish()
    }
}
