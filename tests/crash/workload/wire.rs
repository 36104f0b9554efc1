//! Encodes requests as HTTP and decodes the answers. An answer that is never allowed is an error, whose
//! text holds no token and no content.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::timeout;
use viewonce::store::State;

use super::secret::Secret;
use crate::history::Outcome;
use crate::model::{Answer, Ask, Key, Passphrase};

/// Time limit for an answer: only a server that hangs exceeds it.
const PATIENCE: Duration = Duration::from_mins(1);

/// The connection to a server.
pub(crate) struct Wire {
    pub(crate) client: Client,
    /// For example `http://127.0.0.1:1`.
    pub(crate) address: String,
}

/// The result of sending a request.
pub(super) enum Received {
    Answer {
        status: u16,
        document: Value,
    },
    /// The connection was refused.
    Refused,
    /// The connection broke.
    Broken,
    /// No answer arrived in time.
    Silence,
}

impl Wire {
    pub(super) fn request(&self, secret: &Secret, ask: Ask) -> RequestBuilder {
        let token = secret.token.as_deref().unwrap_or_default();
        let receipt = secret.receipt.as_deref().unwrap_or_default();
        let mut body = json!({ "token": token });
        let is_even = secret.history.0.len().is_multiple_of(2);
        match ask {
            Ask::Create(_) => self.creation(secret),
            // A view without key and passphrase has two endpoints; the other is below.
            Ask::Take { key: None, passphrase: None } if is_even => {
                self.to(Method::GET, &format!("/api/v1/secrets/{token}"))
            }
            Ask::Burn => self.to(Method::DELETE, &format!("/api/v1/secrets/{token}")),
            Ask::Inspect => self.to(Method::GET, &format!("/api/v1/receipts/{receipt}")),
            Ask::Revoke => self.to(Method::DELETE, &format!("/api/v1/receipts/{receipt}")),
            Ask::Peek => self.to(Method::POST, "/api/v1/status").json(&body),
            Ask::Acknowledge(key) => {
                with_key(self.to(Method::POST, "/api/v1/acknowledge"), Some(key)).json(&body)
            }
            Ask::Take { key, passphrase } => {
                if let Some(passphrase) = passphrase {
                    body["passphrase"] = match passphrase {
                        Passphrase::Right => "open sesame".into(),
                        Passphrase::Wrong => "open says me".into(),
                    };
                }
                with_key(self.to(Method::POST, "/api/v1/reveal"), key).json(&body)
            }
            Ask::Watch | Ask::Purge => unreachable!("no request asks for it"),
        }
    }

    fn creation(&self, secret: &Secret) -> RequestBuilder {
        let ttl_hours = secret.terms.lifetime.as_secs() / 3600;
        let mut body = json!({ "content": secret.content(), "ttl_hours": ttl_hours });
        if secret.terms.has_passphrase {
            body["passphrase"] = "open sesame".into();
        }
        if secret.terms.has_receipt {
            body["receipt"] = true.into();
        }
        let request = self.to(Method::POST, "/api/v1/secrets").json(&body);
        if secret.terms.key.is_some() {
            request.header("Idempotency-Key", secret.creation_key())
        } else {
            request
        }
    }

    fn to(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, [&self.address, path].concat())
    }
}

fn with_key(request: RequestBuilder, key: Option<Key>) -> RequestBuilder {
    match key {
        Some(Key(number)) => request.header("Idempotency-Key", format!("key-{number:020}")),
        None => request,
    }
}

pub(super) async fn send(request: RequestBuilder) -> Received {
    let answer = async { read(request.send().await?).await };
    match timeout(PATIENCE, answer).await {
        Ok(Ok((status, document))) => Received::Answer { status, document },
        Ok(Err(error)) if error.is_connect() => Received::Refused,
        Ok(Err(_broken)) => Received::Broken,
        Err(_elapsed) => Received::Silence,
    }
}

/// Reads a whole answer; a missing document is `null`.
async fn read(response: Response) -> reqwest::Result<(u16, Value)> {
    let status = response.status().as_u16();
    let body = response.bytes().await?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// Decodes an answer.
pub(super) fn decode(
    secret: &mut Secret,
    ask: Ask,
    status: u16,
    document: &Value,
) -> Result<Outcome, String> {
    let text = |member: &str| document[member].as_str().unwrap_or_default();
    let problem = text("type").trim_start_matches("/problems/");
    let is_view = matches!(ask, Ask::Take { .. });
    // Nothing expires.
    let state = State::from_name(text("state")).filter(|state| *state != State::Expired);
    let answer = match (status, problem, ask) {
        (503, "busy" | "stopping" | "store-failed" | "no-memory", _) | (507, "no-room", _) => {
            return Ok(Outcome::NotRun);
        }
        (503, "outcome-unknown", _) => return Ok(Outcome::Uncertain),
        (201, _, Ask::Create(_)) => created(secret, document),
        (200, _, _) if is_view => (text("content") == secret.content()).then_some(Answer::Content),
        (200, _, Ask::Peek) => {
            document["passphrase_required"].as_bool().map(|flag| Answer::Peeked(Some(flag)))
        }
        (200, _, Ask::Inspect) => state.map(|state| Answer::ReceiptStatus(Some(state))),
        (204, _, Ask::Acknowledge(_) | Ask::Burn) => Some(Answer::Ended(true)),
        (204, _, Ask::Revoke) => Some(Answer::ReceiptStatus(Some(State::Burned))),
        (403, "passphrase-required", _) if is_view => Some(Answer::PassphraseRequired),
        (403, "wrong-passphrase", _) if is_view => {
            let left = document["attempts_left"].as_u64().and_then(|left| u32::try_from(left).ok());
            left.map(|attempts_left| Answer::WrongPassphrase { attempts_left })
        }
        (404, "secret-not-found", Ask::Acknowledge(_) | Ask::Burn) => Some(Answer::Ended(false)),
        (404, "secret-not-found", Ask::Peek) => Some(Answer::Peeked(None)),
        (404, "secret-not-found", _) if is_view => Some(Answer::Nothing),
        (404, "receipt-not-found", Ask::Inspect | Ask::Revoke) => Some(Answer::ReceiptStatus(None)),
        (409, "secret-ended", Ask::Revoke) => state
            .filter(|state| *state != State::Burned)
            .map(|state| Answer::ReceiptStatus(Some(state))),
        _ => None,
    };
    answer.map(Outcome::Answered).ok_or_else(|| unexpected(status, document))
}

fn created(secret: &mut Secret, document: &Value) -> Option<Answer> {
    let token = document["token"].as_str()?.to_owned();
    let receipt = document["receipt"].as_str().map(str::to_owned);
    (receipt.is_some() == secret.terms.has_receipt).then(|| secret.learn(token, receipt))
}

/// A problem document in full; of any other answer only its status.
fn unexpected(status: u16, document: &Value) -> String {
    match document["type"].as_str() {
        Some(_) => format!("{status} {document}"),
        None => format!("{status}, but not with what belongs to this secret"),
    }
}
