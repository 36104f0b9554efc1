//! The requests during which a client may disconnect, what each would do, and how a test finds out
//! whether it was done.

use serde_json::{Value, json};

use super::living;
use crate::expect_problem;
use crate::support::{REPEAT_KEYS, TestApp, document, receipt_address, secret, text};

/// The kind of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Get,
    Reveal,
    RevealWithKey,
    Burn,
    Revoke,
    Acknowledge,
    Create,
    CreateWithKey,
}

pub(super) const KINDS: [Kind; 8] = [
    Kind::Get,
    Kind::Reveal,
    Kind::RevealWithKey,
    Kind::Burn,
    Kind::Revoke,
    Kind::Acknowledge,
    Kind::Create,
    Kind::CreateWithKey,
];
/// The kinds of requests that have a body.
pub(super) const BODIES: [Kind; 5] =
    [Kind::Reveal, Kind::RevealWithKey, Kind::Acknowledge, Kind::Create, Kind::CreateWithKey];
/// A secret, and a request that would end it or create another one.
pub(super) struct Attempt {
    pub(super) kind: Kind,
    pub(super) token: String,
    pub(super) receipt: String,
    content: String,
    key: String,
    living: u64,
}

impl Attempt {
    pub(super) async fn prepare(app: &TestApp, kind: Kind) -> Self {
        Self::prepare_with(app, kind, "x").await
    }

    /// Stores a secret with this content for a request of this kind.
    pub(super) async fn prepare_with(app: &TestApp, kind: Kind, content: &str) -> Self {
        let (token, receipt) = app.store_with_receipt(content).await;
        let key = format!("key-of-{token}");
        if kind == Kind::Acknowledge {
            assert_eq!(app.reveal_with_key(&token, &key).await.status(), 200);
        }
        let living = living(app).await;
        Self { kind, token, receipt, content: content.to_owned(), key, living }
    }

    /// The head of the request and its body. `Expect: 100-continue` makes the server confirm that it has
    /// read the head.
    pub(super) fn request(&self, app: &TestApp) -> (String, String) {
        let (line, body) = self.line_and_body();
        let mut head =
            format!("{line} HTTP/1.1\r\nHost: {}\r\nExpect: 100-continue\r\n", app.address);
        if matches!(self.kind, Kind::RevealWithKey | Kind::Acknowledge | Kind::CreateWithKey) {
            head.push_str(&["Idempotency-Key: ", &self.key, "\r\n"].concat());
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        if !body.is_empty() {
            let length = body.len();
            let connections =
                format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
            head.push_str(&connections);
        }
        (head + "\r\n", body)
    }

    fn line_and_body(&self) -> (String, Option<Value>) {
        let token = Some(json!({ "token": self.token }));
        match self.kind {
            Kind::Get => (format!("GET {}", secret(&self.token)), None),
            Kind::Reveal | Kind::RevealWithKey => ("POST /api/v1/reveal".to_owned(), token),
            Kind::Burn => (format!("DELETE {}", secret(&self.token)), None),
            Kind::Revoke => (format!("DELETE {}", receipt_address(&self.receipt)), None),
            Kind::Acknowledge => ("POST /api/v1/acknowledge".to_owned(), token),
            Kind::Create | Kind::CreateWithKey => {
                ("POST /api/v1/secrets".to_owned(), Some(Self::creation()))
            }
        }
    }

    fn creation() -> Value {
        json!({ "content": "y" })
    }

    /// Asserts that the request has done nothing.
    pub(super) async fn expect_untouched(&self, app: &TestApp) {
        assert_eq!(living(app).await, self.living, "{:?}", self.kind);
        self.expect_intact(app).await;
    }

    /// Asserts that the secret is unchanged.
    pub(super) async fn expect_intact(&self, app: &TestApp) {
        if self.kind == Kind::Acknowledge {
            assert_eq!(self.repeat(app, &self.key).await, 200, "{:?}", self.kind);
        } else {
            assert!(app.is_available(&self.token).await, "{:?}", self.kind);
            assert_eq!(app.state(&self.receipt).await, "pending", "{:?}", self.kind);
        }
    }

    /// Asserts that the request has had its effect exactly once.
    pub(super) async fn expect_done(&self, app: &TestApp) {
        match self.kind {
            Kind::Create => assert_eq!(living(app).await, self.living + 1),
            Kind::CreateWithKey => self.expect_created_once(app).await,
            Kind::RevealWithKey => {
                self.expect_ended(app, "viewed").await;
                assert_eq!(self.repeat(app, REPEAT_KEYS[1]).await, 404);
                let again = app.reveal_with_key(&self.token, &self.key).await;
                assert!(document(again).await["content"] == self.content, "all of it is repeated");
            }
            Kind::Get | Kind::Reveal | Kind::Acknowledge => {
                self.expect_ended(app, "viewed").await;
                assert_eq!(self.repeat(app, &self.key).await, 404);
            }
            Kind::Burn | Kind::Revoke => {
                self.expect_ended(app, "burned").await;
                assert_eq!(app.revoke(&self.receipt).await.status(), 204);
            }
        }
    }

    async fn expect_ended(&self, app: &TestApp, state: &str) {
        assert_eq!(app.state(&self.receipt).await, state, "{:?}", self.kind);
        expect_problem(app.view(&self.token).await, 404, "secret-not-found").await;
    }

    async fn expect_created_once(&self, app: &TestApp) {
        assert_eq!(living(app).await, self.living + 1);
        let body = Self::creation();
        let retry = || app.post_with_key("/api/v1/secrets", &body, &self.key);
        let created = document(retry().await).await;
        assert_eq!(document(retry().await).await, created);
        assert_eq!(living(app).await, self.living + 1, "a retry stores nothing");
        assert_eq!(document(app.view(&text(&created, "token")).await).await["content"], "y");
    }

    async fn repeat(&self, app: &TestApp, key: &str) -> u16 {
        app.reveal_with_key(&self.token, key).await.status().as_u16()
    }
}
