//! [`ApiError`]: every reason why a request fails, and the problem that it is reported as. No error
//! repeats anything that the caller sent.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};

use super::problem::{self, FieldError, Kind, Problem};
use super::routes::ALLOWED_WITHOUT_VIEW;
use crate::crypto::CryptoError;
use crate::crypto::format::FormatError;
use crate::runtime::pool::PoolError;
use crate::store::{State, StoreError};

/// Seconds to wait before a retry, where nothing was done.
const RETRY_AFTER_SECONDS: &str = "1";

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// A problem that needs no details beyond those of its kind.
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
    #[error("fields are invalid")]
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
    /// The error for one invalid field.
    pub(super) fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::InvalidFields(vec![FieldError::new(field, message)])
    }

    /// The problem document of this error for the request `request_id`.
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

    /// Whether the error is logged for the operator.
    pub(super) fn is_fault(&self) -> bool {
        let kinds = [problem::BUSY, problem::NO_ROOM];
        self.status_code().is_server_error() && !kinds.contains(&self.kind())
    }

    /// Whether a token, a receipt or a passphrase was wrong: a possible guess.
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

    /// The detail of this error, if it says more than the detail of its kind.
    fn detail(&self) -> Option<String> {
        match self {
            Self::MethodNotAllowed { allow } => Some(format!("This path supports {allow} only.")),
            Self::ViewByGetOff => {
                Some("Viewing by GET is turned off. POST the token to /api/v1/reveal.".to_owned())
            }
            Self::BodyTooLarge { max_bytes } => {
                Some(format!("The body may have at most {max_bytes} bytes."))
            }
            Self::ContentTooLarge { max_bytes } => {
                Some(format!("The content may have at most {max_bytes} bytes in UTF-8."))
            }
            Self::WrongPassphrase { attempts_left: 0 } => Some(
                "The passphrase is wrong. This was the last attempt: the secret is destroyed."
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

    /// Status and headers. The frame writes the body, because it knows the request id.
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
        // After an unknown outcome a retry could do the same thing twice.
        let is_not_run = kind != problem::OUTCOME_UNKNOWN;
        if kind.status == StatusCode::SERVICE_UNAVAILABLE && is_not_run {
            response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        response.finish()
    }
}
