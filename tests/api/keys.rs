//! Secret keys: a wrong key destroys nothing, and previous keys still open secrets.

use serde_json::json;
use tempfile::TempDir;
use viewonce::domain::secret_key::{SecretKey, SecretKeys};

use crate::expect_problem;
use crate::support::{
    self, PASSPHRASE, REPEAT_KEYS, TestApp, document, spawn_app, spawn_app_with_keys, text,
};

const KEY: &str = REPEAT_KEYS[0];
const CREATE: &str = "/api/v1/secrets";
const REVEAL: &str = "/api/v1/reveal";

fn keys(current: &str, previous: &[&str]) -> SecretKeys {
    let key = |text: &str| SecretKey::from_bytes(text.as_bytes().to_vec());
    SecretKeys { current: key(current), previous: previous.iter().map(|text| key(text)).collect() }
}

/// A service with a key under which nothing was stored.
fn spawn_with_unknown_key(folder: TempDir) -> TestApp {
    spawn_app_with_keys(folder, &keys("another key", &[]))
}

/// The tokens and receipts of secrets that were stored under one key.
struct StoredSecrets {
    secret: String,
    receipt: String,
    /// The token of a secret that was revealed with an idempotency key.
    revealed: String,
    /// The response to a creation with an idempotency key.
    created: serde_json::Value,
}

impl StoredSecrets {
    async fn store(app: &TestApp, content: &str) -> Self {
        let (secret, receipt) = app.store_with_receipt(content).await;
        let revealed = app.store(content).await;
        assert_eq!(app.reveal_with_key(&revealed, KEY).await.status(), 200);
        let created = document(Self::create(app, content).await).await;
        Self { secret, receipt, revealed, created }
    }

    async fn create(app: &TestApp, content: &str) -> reqwest::Response {
        let key = format!("{KEY}-{content}");
        app.post_with_key(CREATE, &json!({ "content": content }), &key).await
    }

    async fn check(&self, app: &TestApp, content: &str) {
        assert_eq!(document(Self::create(app, content).await).await, self.created, "{content}");
        assert_eq!(app.state(&self.receipt).await, "pending", "{content}");
        assert!(app.is_available(&self.secret).await, "{content}");
        assert_eq!(document(app.view(&self.secret).await).await["content"], content);
        assert_eq!(app.view(&self.secret).await.status(), 404);
        assert_eq!(app.state(&self.receipt).await, "viewed", "{content}");
        let again = app.reveal_with_key(&self.revealed, KEY).await;
        assert_eq!(document(again).await["content"], content);
        assert_eq!(app.acknowledge(&self.revealed, KEY).await.status(), 204, "{content}");
        let created = text(&self.created, "token");
        assert_eq!(document(app.view(&created).await).await["content"], content);
    }

    /// Asserts that none of them is found.
    async fn check_unknown(&self, app: &TestApp) {
        let created = text(&self.created, "token");
        for token in [&self.secret, &self.revealed, &created] {
            for response in [
                app.status(token).await,
                app.view(token).await,
                app.reveal_with_key(token, KEY).await,
                app.acknowledge(token, KEY).await,
                app.burn(token).await,
            ] {
                expect_problem(response, 404, "secret-not-found").await;
            }
        }
        for response in [app.inspect(&self.receipt).await, app.revoke(&self.receipt).await] {
            expect_problem(response, 404, "receipt-not-found").await;
        }
    }
}

#[actix_web::test]
async fn a_wrong_key_finds_nothing_and_destroys_nothing() {
    let app = spawn_app();
    let stored = StoredSecrets::store(&app, "x").await;
    let app = spawn_with_unknown_key(app.stop().await);
    stored.check_unknown(&app).await;
    let other = document(StoredSecrets::create(&app, "x").await).await;
    assert_ne!(other, stored.created);
    let app = spawn_app_with_keys(app.stop().await, &support::keys());
    stored.check(&app, "x").await;
}

#[actix_web::test]
async fn a_wrong_key_uses_up_no_attempt() {
    let app = spawn_app();
    let token = app.protect("x").await;
    let app = spawn_with_unknown_key(app.stop().await);
    for passphrase in [PASSPHRASE, "open barley"] {
        expect_problem(app.unlock(&token, passphrase).await, 404, "secret-not-found").await;
    }
    let app = spawn_app_with_keys(app.stop().await, &support::keys());
    let problem = document(app.unlock(&token, "open barley").await).await;
    assert_eq!(problem["attempts_left"], 9);
}

#[actix_web::test]
async fn everything_is_found_under_any_previous_key() {
    let first = spawn_app_with_keys(tempfile::tempdir().unwrap(), &keys("first", &[]));
    let oldest = StoredSecrets::store(&first, "oldest").await;
    let second = spawn_app_with_keys(first.stop().await, &keys("second", &["first"]));
    let older = StoredSecrets::store(&second, "older").await;
    let third = spawn_app_with_keys(second.stop().await, &keys("third", &["second", "first"]));
    let newest = StoredSecrets::store(&third, "newest").await;
    newest.check(&third, "newest").await;
    older.check(&third, "older").await;
    oldest.check(&third, "oldest").await;
}

#[actix_web::test]
async fn a_passphrase_goes_with_the_key_its_secret_was_stored_under() {
    let first = spawn_app_with_keys(tempfile::tempdir().unwrap(), &keys("first", &[]));
    let (plain, repeated) = (first.protect("plain").await, first.protect("repeated").await);
    let second = spawn_app_with_keys(first.stop().await, &keys("second", &["first"]));
    let body = json!({ "token": repeated, "passphrase": PASSPHRASE });
    let revealed = second.post_with_key(REVEAL, &body, KEY).await;
    assert_eq!(document(revealed).await["content"], "repeated");
    let third = spawn_app_with_keys(second.stop().await, &keys("third", &["second", "first"]));
    assert_eq!(document(third.unlock(&plain, PASSPHRASE).await).await["content"], "plain");
    let again = third.reveal_with_key(&repeated, KEY).await;
    assert_eq!(document(again).await["content"], "repeated");
}
