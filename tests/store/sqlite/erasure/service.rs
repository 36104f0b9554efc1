//! A running binary whose secrets end in every possible way. Token, content and secret key let a test
//! derive the sealed bytes.

use std::process::Command;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use viewonce::crypto::format::{Issued, Roots};
use viewonce::domain::clock::{Clock, Timestamp};
use viewonce::domain::passphrase::Passphrase;
use viewonce::domain::secret::Plaintext;
use viewonce::domain::secret_key::{SecretKey, SecretKeys};
use viewonce::domain::token::Token;

use super::traces::Trace;
use crate::process::{KEY, Service};

/// The idempotency key of a client that reveals repeatably.
const REPEAT: &str = "the-one-key-of-these-tests";
const PASSPHRASE: &str = "open sesame";
const WRONG: &str = "open barley";
/// One second, in hours.
const SECOND: f64 = 1.0 / 3600.0;
const REDELIVERY: Duration = Duration::from_secs(1);

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

/// The running service, and the key that it seals with.
pub(super) struct TestService {
    pub(super) service: Service,
    roots: Roots,
}

impl TestService {
    /// A service in `folder`, configured by `change`, with a repeat window of one second and a single
    /// passphrase attempt.
    pub(super) fn start(
        folder: TempDir,
        change: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let service = Service::start(folder, |command| {
            let command = command.env("SECRET_KEY", KEY);
            let command = command.env("VIEWONCE_SECRETS__REDELIVER_SECONDS", "1");
            change(command.env("VIEWONCE_SECRETS__MAX_ATTEMPTS", "1"))
        });
        let current = SecretKey::from_bytes(KEY.as_bytes().to_vec());
        Self { service, roots: Roots::derive(&SecretKeys { current, previous: Vec::new() }) }
    }

    /// Stores a secret of this content, and ends it this way.
    pub(super) async fn store_and_end(&self, content: &str, end: End) -> Trace {
        let passphrase = (end == End::Lock).then_some(PASSPHRASE);
        let ttl_hours = (end == End::Expiry).then_some(SECOND);
        let terms = json!({ "content": content, "ttl_hours": ttl_hours, "passphrase": passphrase });
        let created = self.post("/api/v1/secrets", &terms).send().await.unwrap();
        let created: Value = created.error_for_status().unwrap().json().await.unwrap();
        let token = created["token"].as_str().unwrap().to_owned();
        let sealed = self.sealed(&token, content, passphrase);
        let ended_at = self.end(&token, end).await;
        Trace { end, ended_at, token, content: content.to_owned(), sealed }
    }

    /// The sealed bytes, as the service makes them.
    fn sealed(&self, token: &str, content: &str, passphrase: Option<&str>) -> Vec<u8> {
        let issued = Issued { token: Token::parse(token).unwrap(), receipt: None };
        let content = Plaintext::parse(content.to_owned()).unwrap();
        let passphrase = passphrase.map(|passphrase| Passphrase::parse(passphrase).unwrap());
        self.roots.seal(&issued, &content, passphrase.as_ref()).unwrap().secret.ciphertext
    }

    /// Ends a secret; returns when it ended, or when it will expire.
    async fn end(&self, token: &str, end: End) -> Option<Timestamp> {
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
        self.service.client.post(self.service.url(path)).json(body)
    }

    fn burn(&self, token: &str) -> RequestBuilder {
        let address = self.service.url("/api/v1/secrets/") + token;
        self.service.client.request(Method::DELETE, address)
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
