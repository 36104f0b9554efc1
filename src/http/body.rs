//! JSON bodies: read within a limit, and field by field, so that an error can name every field that
//! is wrong and repeats nothing that was sent.

mod incoming;
mod members;

use std::mem;
use std::rc::Rc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::web::Payload;
use actix_web::{HttpMessage as _, HttpRequest};
use incoming::Incoming;
use members::{MEMBERS, Members, Value};
use serde::de::IgnoredAny;
use tokio::time::timeout;

use super::State;
use super::error::ApiError;
use super::problem::FieldError;
use crate::connection::{Body, Requests};
use crate::passphrase::{PASSPHRASE_BYTES, Passphrase};

/// The members of a JSON object that are not asked for yet, and what is wrong with the others.
pub(super) struct Fields {
    members: Members,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Reads the body of `request`, a JSON object of at most `max_bytes`.
    pub(super) async fn read(
        request: &HttpRequest,
        state: &State,
        payload: Payload,
        max_bytes: usize,
    ) -> Result<Self, ApiError> {
        let announced = announced(request);
        if matches!(announced, Some(Body::Of(length)) if length > max_bytes) {
            return Err(ApiError::BodyTooLarge { max_bytes });
        }
        require_json(request)?;
        let time = Duration::from_secs(state.settings.limits.body_seconds);
        let requests = request.conn_data::<Rc<Requests>>();
        let reading = requests.zip(announced).map(|(requests, body)| requests.read_body(body));
        let body = Incoming::new(max_bytes, &state.bodies).read(payload, announced);
        let body = timeout(time, body).await.map_err(|_elapsed| ApiError::BodyTimeout)??;
        if let Some(reading) = reading
            && !request.head().upgrade()
        {
            reading.complete();
        }
        let body = body.bytes();
        if !body.is_empty() && !request.headers().contains_key(CONTENT_TYPE) {
            return Err(ApiError::UnsupportedMediaType);
        }
        Ok(Self { members: parse(body)?, known: Vec::new(), errors: Vec::new() })
    }

    /// A field that must be there and be text.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        match self.take(name) {
            Some(Value::Text(mut text)) => return Some(mem::take(&mut text)),
            Some(_) => self.refuse(name, "expected a string"),
            None => self.refuse(name, "is required"),
        }
        None
    }

    /// A field that is a number, if it is there and not null.
    pub(super) fn optional_number(&mut self, name: &'static str) -> Option<f64> {
        let number = match self.take_optional(name)? {
            Value::Number(number) => Some(number),
            _ => None,
        };
        self.expect(name, "a number", number)
    }

    /// A field that is true or false, and false if it is not there or null.
    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        let flag = match self.take_optional(name) {
            None => return false,
            Some(Value::Flag(flag)) => Some(flag),
            Some(_) => None,
        };
        self.expect(name, "true or false", flag).unwrap_or_default()
    }

    /// The field `passphrase`, if it is there and not null.
    pub(super) fn passphrase(&mut self) -> Option<Passphrase> {
        const NAME: &str = "passphrase";
        let Value::Text(text) = self.take_optional(NAME)? else {
            return self.expect(NAME, "a string", None);
        };
        let passphrase = Passphrase::parse(&text).ok();
        if passphrase.is_none() {
            self.refuse(NAME, format!("must have from 1 to {PASSPHRASE_BYTES} bytes"));
        }
        passphrase
    }

    /// Notes what is wrong with a field.
    pub(super) fn refuse(&mut self, field: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError { field, message: message.into() });
    }

    /// What was read, if all was right and nothing was there that was not asked for.
    pub(super) fn finish<T>(mut self, read: Option<T>) -> Result<T, ApiError> {
        if !self.members.is_empty() {
            let message = format!("there are other fields than {}", self.known.join(", "));
            self.refuse("", message);
        }
        match read {
            Some(read) if self.errors.is_empty() => Ok(read),
            _ => Err(ApiError::InvalidFields(self.errors)),
        }
    }

    fn expect<T>(&mut self, name: &'static str, expected: &str, found: Option<T>) -> Option<T> {
        if found.is_none() {
            self.refuse(name, format!("expected {expected}"));
        }
        found
    }

    fn take_optional(&mut self, name: &'static str) -> Option<Value> {
        self.take(name).filter(|value| !matches!(value, Value::Null))
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        let mut found = self.members.take(name);
        let first = found.next();
        let is_doubled = found.count() > 0;
        if is_doubled {
            self.refuse(name, "stands there more than once");
        }
        first
    }
}

fn parse(body: &[u8]) -> Result<Members, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() && serde_json::from_slice::<IgnoredAny>(body).is_ok() {
            ApiError::field("", format!("expected a JSON object with at most {MEMBERS} fields"))
        } else {
            ApiError::MalformedJson
        }
    })
}

/// What the head of `request` says of its body, if it has one.
fn announced(request: &HttpRequest) -> Option<Body> {
    if request.headers().contains_key(TRANSFER_ENCODING) {
        return Some(Body::Chunked);
    }
    let length = request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
    (length > 0).then_some(Body::Of(length))
}

/// Whether something comes behind the head of `request` that is not the next request. What is to be
/// another protocol from there on, and is none that is spoken here, has no end.
pub(super) fn has_body(request: &HttpRequest) -> bool {
    announced(request).is_some() || request.head().upgrade()
}

/// Refuses what says that it is anything but plain JSON in UTF-8.
fn require_json(request: &HttpRequest) -> Result<(), ApiError> {
    let refused = ApiError::UnsupportedMediaType;
    if request.headers().contains_key(CONTENT_ENCODING) {
        return Err(refused);
    }
    match request.mime_type() {
        Ok(None) => Ok(()),
        Ok(Some(mime)) if mime.essence_str() == "application/json" => {
            let is_utf8 = mime.get_param("charset").is_none_or(|charset| charset == "utf-8");
            if is_utf8 { Ok(()) } else { Err(refused) }
        }
        Ok(Some(_)) | Err(_) => Err(refused),
    }
}
