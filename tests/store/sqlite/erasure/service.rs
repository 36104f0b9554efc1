//! Secrets that end in every possible way, through the API of a running service. The tests seal them
//! themselves, because nobody else learns their shred keys.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use viewonce::crypto::format::{Issued, Roots};
use viewonce::domain::clock::{Clock, Timestamp};
use viewonce::domain::passphrase::Passphrase;
use viewonce::domain::secret::Plaintext;
use viewonce::domain::token::Token;
use viewonce::store::Create;

use super::traces::Trace;

/// The idempotency key of a client that reveals repeatably.
const REPEAT: &str = "the-one-key-of-these-tests";
const PASSPHRASE: &str = "open sesame";
const WRONG: &str = "open barley";
/// How long the expiring secrets live, and the others.
const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_hours(1);
/// How long a service must allow a repeat; and it must allow a single attempt at a passphrase.
pub(super) const REDELIVERY: Duration = Duration::from_secs(1);

/// How a secret ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    View,
    Burn,
    Lock,
    Expiry,
    LapseOfRepeat,
    Acknowledgement,
    BurnOfRepeat,
    /// It stays alive.
    Never,
}

pub(super) const ENDS: [End; 8] = [
    End::View,
    End::Burn,
    End::Lock,
    End::Expiry,
    End::LapseOfRepeat,
    End::Acknowledgement,
    End::BurnOfRepeat,
    End::Never,
];

/// A secret that is to end this way, for the store, and what to search for.
pub(super) fn seal(roots: &Roots, content: &str, end: End) -> (Create, Trace) {
    let expires_at = now().plus(if end == End::Expiry { SHORT } else { LONG });
    let (issued, shred_key) = Issued::generate(expires_at, false).unwrap();
    let passphrase = (end == End::Lock).then(|| Passphrase::parse(PASSPHRASE).unwrap());
    let plaintext = Plaintext::parse(content.to_owned()).unwrap();
    let key = *shred_key.expose_bytes();
    let create = roots.seal(&issued, shred_key, &plaintext, passphrase.as_ref()).unwrap();
    let token = issued.token.expose_text().to_string();
    (create, Trace { end, ended_at: None, token, content: content.to_owned(), shred_key: key })
}

/// The API of a running service.
pub(super) struct Api {
    pub(super) client: Client,
    /// The address without a path.
    pub(super) address: String,
}

impl Api {
    /// Ends a secret; returns when it ended, or when it will expire.
    pub(super) async fn end(&self, token: &str, end: End) -> Option<Timestamp> {
        let (reveal, body) = ("/api/v1/reveal", json!({ "token": token }));
        let keep = || self.post(reveal, &body).header("Idempotency-Key", REPEAT);
        match end {
            End::Never => return None,
            End::Expiry => return Some(Token::parse(token).unwrap().expires_at()),
            End::View => expect(200, self.post(reveal, &body)).await,
            End::Burn => expect(204, self.burn(token)).await,
            End::Lock => {
                let guess = json!({ "token": token, "passphrase": WRONG });
                expect(403, self.post(reveal, &guess)).await;
            }
            End::LapseOfRepeat => {
                expect(200, keep()).await;
                return Some(now().plus(REDELIVERY));
            }
            End::Acknowledgement => {
                let asked_at = now();
                expect(200, keep()).await;
                let acknowledge = self.post("/api/v1/acknowledge", &body);
                let acknowledge = acknowledge.header("Idempotency-Key", REPEAT);
                let status = acknowledge.send().await.unwrap().status();
                // On a slow machine, the time may already be up.
                let is_late = status == 404 && now() >= asked_at.plus(REDELIVERY);
                assert!(status == 204 || is_late, "{status}");
            }
            End::BurnOfRepeat => {
                expect(200, keep()).await;
                expect(404, self.burn(token)).await;
            }
        }
        Some(now())
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.address)).json(body)
    }

    fn burn(&self, token: &str) -> RequestBuilder {
        let address = format!("{}/api/v1/secrets/{token}", self.address);
        self.client.request(Method::DELETE, address)
    }
}

async fn expect(status: u16, request: RequestBuilder) {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), status);
    drop(response.bytes().await.unwrap());
}

pub(super) fn now() -> Timestamp {
    Clock::default().now()
}
