//! The requests as HTTP, and what is made of the answers. What no server may answer here is an error,
//! which tells no token and no content.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::secret::Secret;
use crate::history::Outcome;
use crate::model::{Answer, Ask, Fate, Key, Passphrase};

/// How long an answer may take; only a server that hangs takes longer.
const PATIENCE: Duration = Duration::from_mins(1);
/// Nothing expires while a trial runs.
const TTL_HOURS: u32 = 720;

/// The way to a server.
pub(crate) struct Wire {
    pub(crate) client: Client,
    /// As in `http://127.0.0.1:1`.
    pub(crate) address: String,
}

/// What came back on a request.
pub(super) enum Heard {
    Answer {
        status: u16,
        document: Value,
    },
    /// There was no connection.
    Refused,
    /// The connection broke.
    Broken,
    /// No answer came.
    Silence,
}

impl Wire {
    pub(super) fn request(&self, secret: &Secret, ask: Ask) -> RequestBuilder {
        let token = secret.token.as_deref().unwrap_or_default();
        let receipt = secret.receipt.as_deref().unwrap_or_default();
        let body = json!({ "token": token });
        match ask {
            Ask::Create(_) => self.creation(secret),
            Ask::View => self.to(Method::GET, &format!("/api/v1/secrets/{token}")),
            Ask::Burn => self.to(Method::DELETE, &format!("/api/v1/secrets/{token}")),
            Ask::Inspect => self.to(Method::GET, &format!("/api/v1/receipts/{receipt}")),
            Ask::Revoke => self.to(Method::DELETE, &format!("/api/v1/receipts/{receipt}")),
            Ask::Status => self.to(Method::POST, "/api/v1/status").json(&body),
            Ask::Acknowledge(key) => {
                with_key(self.to(Method::POST, "/api/v1/acknowledge"), Some(key)).json(&body)
            }
            Ask::Reveal { key, passphrase } => {
                let body = match passphrase {
                    Passphrase::Unsaid => body,
                    Passphrase::Right => json!({ "token": token, "passphrase": "open sesame" }),
                    Passphrase::Wrong => json!({ "token": token, "passphrase": "open says me" }),
                };
                with_key(self.to(Method::POST, "/api/v1/reveal"), key).json(&body)
            }
        }
    }

    fn creation(&self, secret: &Secret) -> RequestBuilder {
        let mut body = json!({ "content": secret.content(), "ttl_hours": TTL_HOURS });
        if secret.terms.has_passphrase {
            body["passphrase"] = "open sesame".into();
        }
        if secret.terms.has_receipt {
            body["receipt"] = true.into();
        }
        let request = self.to(Method::POST, "/api/v1/secrets").json(&body);
        if secret.terms.is_repeatable {
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

pub(super) async fn send(request: RequestBuilder) -> Heard {
    let answer = async { read(request.send().await?).await };
    match timeout(PATIENCE, answer).await {
        Ok(Ok((status, document))) => Heard::Answer { status, document },
        Ok(Err(error)) if error.is_connect() => Heard::Refused,
        Ok(Err(_broken)) => Heard::Broken,
        Err(_elapsed) => Heard::Silence,
    }
}

/// An answer that has come as a whole. One without a document has none.
async fn read(response: Response) -> reqwest::Result<(u16, Value)> {
    let status = response.status().as_u16();
    let body = response.bytes().await?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// What an answer means.
pub(super) fn understand(
    secret: &mut Secret,
    ask: Ask,
    status: u16,
    document: &Value,
) -> Result<Outcome, String> {
    let text = |member: &str| document[member].as_str().unwrap_or_default();
    let problem = text("type").trim_start_matches("/problems/");
    let is_view = matches!(ask, Ask::View | Ask::Reveal { .. });
    let fate = Fate::from_name(text("state"));
    let answer = match (status, problem, ask) {
        (503, "busy" | "stopping" | "store-failed" | "no-memory", _) | (507, "no-room", _) => {
            return Ok(Outcome::NotRun);
        }
        (503, "outcome-unknown", _) => return Ok(Outcome::Uncertain),
        (201, _, Ask::Create(_)) => created(secret, document),
        (200, _, _) if is_view => (text("content") == secret.content()).then_some(Answer::Content),
        (200, _, Ask::Status) => {
            let flag = document["passphrase_required"].as_bool();
            flag.map(|needs_passphrase| Answer::Available { needs_passphrase })
        }
        (200, _, Ask::Inspect) => fate.map(Answer::Fate),
        (204, _, Ask::Acknowledge(_) | Ask::Burn | Ask::Revoke) => Some(Answer::Done),
        (403, "passphrase-required", _) if is_view => Some(Answer::PassphraseRequired),
        (403, "wrong-passphrase", _) if is_view => {
            let left = document["attempts_left"].as_u64().and_then(|left| u8::try_from(left).ok());
            left.map(|attempts_left| Answer::WrongPassphrase { attempts_left })
        }
        (404, "secret-not-found" | "receipt-not-found", _) => Some(Answer::NotFound),
        (409, "secret-ended", Ask::Revoke) => fate.map(Answer::Ended),
        _ => None,
    };
    answer.map(Outcome::Answered).ok_or_else(|| unexpected(status, document))
}

fn created(secret: &mut Secret, document: &Value) -> Option<Answer> {
    let token = document["token"].as_str()?.to_owned();
    let receipt = document["receipt"].as_str().map(str::to_owned);
    (receipt.is_some() == secret.terms.has_receipt).then(|| secret.learn(token, receipt))
}

/// A problem as it was told; of any other answer no more than its status.
fn unexpected(status: u16, document: &Value) -> String {
    match document["type"].as_str() {
        Some(_) => format!("{status} {document}"),
        None => format!("{status}, but not with what belongs to this secret"),
    }
}
