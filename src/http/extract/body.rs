//! JSON bodies: read within a size limit and parsed field by field, so that an error names every invalid
//! field and repeats nothing that was sent.

mod incoming;
mod members;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::web::Payload;
use actix_web::{HttpMessage as _, HttpRequest};
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::config::Secrets;
use crate::domain::passphrase::{PASSPHRASE_BYTES, Passphrase};
use crate::domain::secret::Plaintext;
use crate::domain::time_to_live::TimeToLive;
use crate::http::AppState;
use crate::http::connection::{AnnouncedBody, Requests};
use crate::http::error::ApiError;
use crate::http::problem::{self, FieldError};
use incoming::Incoming;
use members::{MEMBERS, Members};

const JSON: &str = "application/json";

/// A type that a JSON object in a request's body is parsed into.
pub(crate) trait Body: Sized + Send + 'static {
    /// Reads the fields. `None` if one of them is invalid.
    fn read(fields: &mut Fields<'_>) -> Result<Option<Self>, ApiError>;
}

/// Declares a body: a type that requests are parsed into and that the specification describes.
macro_rules! body {
    ($(#[$meta:meta])* struct $name:ident {
        $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(utoipa::ToSchema)]
        pub(crate) struct $name {
            $($(#[$field_meta])* pub(crate) $field: $type,)*
        }

        impl $crate::http::extract::body::Body for $name {
            fn read(
                fields: &mut $crate::http::extract::body::Fields<'_>,
            ) -> Result<Option<Self>, $crate::http::error::ApiError> {
                $(let $field = fields.read(stringify!($field))?;)*
                let ($(Some($field),)*) = ($($field,)*) else { return Ok(None) };
                Ok(Some(Self { $($field),* }))
            }
        }
    };
}
pub(crate) use body;

/// The unparsed fields of a JSON object, and the errors of those that were read.
pub(crate) struct Fields<'a> {
    members: Members<'a>,
    limits: &'a Secrets,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Fields<'_> {
    /// Reads a field. `None` if it is invalid.
    pub(crate) fn read<F: Field>(&mut self, name: &'static str) -> Result<Option<F>, ApiError> {
        self.known.push(name);
        let (first, is_repeated) = self.members.take(name);
        if is_repeated {
            self.errors.push(FieldError::new(name, "appears more than once"));
        }
        match F::parse(first, self.limits) {
            Ok(field) => Ok(Some(field)),
            Err(Refused::Field(message)) => {
                self.errors.push(FieldError::new(name, message));
                Ok(None)
            }
            Err(Refused::Request(error)) => Err(error),
        }
    }
}

/// Why a field is refused, and whether other fields are still read.
pub(crate) enum Refused {
    /// Its error is reported together with those of other fields.
    Field(String),
    /// The whole request fails with this error.
    Request(ApiError),
}

impl From<&str> for Refused {
    fn from(message: &str) -> Self {
        Self::Field(message.to_owned())
    }
}

/// A type that a field of a body is parsed into.
pub(crate) trait Field: Sized {
    /// Parses the JSON text of a field. `json` is `None` if the field is missing.
    fn parse(json: Option<&str>, limits: &Secrets) -> Result<Self, Refused>;
}

impl Field for Zeroizing<String> {
    fn parse(json: Option<&str>, _: &Secrets) -> Result<Self, Refused> {
        value::<String>(json.ok_or("is required")?, "expected a string").map(Self::new)
    }
}

impl Field for Plaintext {
    fn parse(json: Option<&str>, limits: &Secrets) -> Result<Self, Refused> {
        let text = value(json.ok_or("is required")?, "expected a string")?;
        let content = Self::parse(text).map_err(|_empty| "must not be empty")?;
        let max_bytes = limits.max_content_bytes;
        if content.expose_bytes().len() > max_bytes {
            return Err(Refused::Request(ApiError::ContentTooLarge { max_bytes }));
        }
        Ok(content)
    }
}

impl Field for TimeToLive {
    fn parse(json: Option<&str>, limits: &Secrets) -> Result<Self, Refused> {
        let hours = optional(json, "expected a number")?;
        let max = limits.max_ttl_hours;
        Self::parse(hours, limits.default_ttl_hours, max).map_err(|_out_of_range| {
            Refused::Field(format!("must be from one second to {max} hours"))
        })
    }
}

impl Field for Option<Passphrase> {
    fn parse(json: Option<&str>, _: &Secrets) -> Result<Self, Refused> {
        let text = optional::<String>(json, "expected a string")?.map(Zeroizing::new);
        let passphrase = text.map(|text| Passphrase::parse(&text)).transpose();
        passphrase.map_err(|_length| {
            Refused::Field(format!("must be from 1 to {PASSPHRASE_BYTES} bytes long"))
        })
    }
}

impl Field for bool {
    fn parse(json: Option<&str>, _: &Secrets) -> Result<Self, Refused> {
        Ok(optional(json, "expected true or false")?.unwrap_or_default())
    }
}

/// The value of a field that may be missing or null.
fn optional<T: DeserializeOwned>(json: Option<&str>, expected: &str) -> Result<Option<T>, Refused> {
    json.map_or(Ok(None), |json| value(json, expected))
}

fn value<T: DeserializeOwned>(json: &str, expected: &str) -> Result<T, Refused> {
    serde_json::from_str(json).map_err(|error| {
        if error.is_data() {
            expected.into()
        } else {
            Refused::Request(ApiError::Problem(problem::MALFORMED_JSON))
        }
    })
}

/// Reads the body of `request`, a JSON object of at most `max_bytes`. Parses a large one in the pool.
pub(crate) async fn read<T: Body>(
    request: &HttpRequest,
    payload: Payload,
    state: &AppState,
    max_bytes: usize,
) -> Result<T, ApiError> {
    let length = announced(request).length();
    if length.is_some_and(|length| length > max_bytes) {
        return Err(ApiError::BodyTooLarge { max_bytes });
    }
    require_json(request)?;
    let time = Duration::from_secs(state.settings.limits.body_seconds);
    let requests = requests(request);
    requests.want_body();
    let body = Incoming::new(max_bytes, Arc::clone(&state.bodies)).read(payload, length);
    let body = timeout(time, body).await.map_err(|_elapsed| problem::BODY_TIMEOUT)??;
    requests.note_read();
    if !body.bytes().is_empty() && !request.headers().contains_key(CONTENT_TYPE) {
        return Err(problem::UNSUPPORTED_MEDIA_TYPE.into());
    }
    let settings = Arc::clone(&state.settings);
    let length = body.bytes().len();
    // Move the body together with its quota: the client may disconnect while it is parsed.
    let parse = move || parse(body.bytes(), &settings.secrets);
    state.crypto.pools.large.run_if_large(length, parse).await?
}

fn parse<T: Body>(body: &[u8], limits: &Secrets) -> Result<T, ApiError> {
    let members = serde_json::from_slice(body).map_err(|error| {
        if error.is_data() && serde_json::from_slice::<IgnoredAny>(body).is_ok() {
            ApiError::field("", format!("expected a JSON object with at most {MEMBERS} fields"))
        } else {
            ApiError::Problem(problem::MALFORMED_JSON)
        }
    })?;
    let mut fields = Fields { members, limits, known: Vec::new(), errors: Vec::new() };
    let body = T::read(&mut fields)?;
    let Fields { members, known, mut errors, .. } = fields;
    if !members.is_empty() {
        let message = format!("unknown field; expected {}", known.join(", "));
        errors.push(FieldError::new("", message));
    }
    body.filter(|_| errors.is_empty()).ok_or(ApiError::InvalidFields(errors))
}

/// The request state of the connection that `request` came over.
pub(crate) fn requests(request: &HttpRequest) -> Requests {
    request.conn_data::<Requests>().cloned().unwrap_or_default()
}

/// The body that the head of `request` announces.
pub(crate) fn announced(request: &HttpRequest) -> AnnouncedBody {
    let headers = request.headers();
    if headers.contains_key(TRANSFER_ENCODING) {
        return AnnouncedBody::Chunked;
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let length = length.unwrap_or_default();
    if request.head().upgrade() {
        AnnouncedBody::Upgrade(length)
    } else {
        AnnouncedBody::Sized(length)
    }
}

/// Refuses a body that its headers declare to be anything but plain JSON in UTF-8.
fn require_json(request: &HttpRequest) -> Result<(), ApiError> {
    let refused = ApiError::Problem(problem::UNSUPPORTED_MEDIA_TYPE);
    if request.headers().contains_key(CONTENT_ENCODING) {
        return Err(refused);
    }
    // Nearly all requests send this, and parsing a media type allocates.
    if request.headers().get(CONTENT_TYPE).is_some_and(|media_type| media_type == JSON) {
        return Ok(());
    }
    match request.mime_type() {
        Ok(None) => Ok(()),
        Ok(Some(mime)) if mime.essence_str() == JSON => {
            let is_utf8 = mime.get_param("charset").is_none_or(|charset| charset == "utf-8");
            if is_utf8 { Ok(()) } else { Err(refused) }
        }
        Ok(Some(_)) | Err(_) => Err(refused),
    }
}
