//! A real server on a free port, with its own database, for several test binaries.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "no test binary uses all of it")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use actix_web::rt::{self, task::JoinHandle};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use viewonce::config::{Env, Settings};
use viewonce::domain::clock::Clock;
use viewonce::domain::secret_key::{SecretKey, SecretKeys};
use viewonce::server::{AppError, Application};
use viewonce::store::Store;
use viewonce::store::sqlite::DatabaseError;

/// A well-formed token that opens nothing.
pub(crate) const UNKNOWN_TOKEN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// Two idempotency keys.
pub(crate) const REPEAT_KEYS: [&str; 2] =
    ["the-first-key-of-these-tests", "the-second-key-of-these-tests"];
/// The passphrase that `protect` sets.
pub(crate) const PASSPHRASE: &str = "open sesame";

/// A running service, and a client for it.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    /// The address of the metrics listener, if there is one.
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) clock: Clock,
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
    client: Client,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), AppError>>,
}

/// Starts a service with the default settings.
pub(crate) fn spawn_app() -> TestApp {
    spawn_app_with(|_default| {})
}

/// Starts a service with the default settings as `change` changes them.
pub(crate) fn spawn_app_with(change: impl FnOnce(&mut Settings)) -> TestApp {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    spawn_app_in(folder, change)
}

/// Starts a service whose database is in `folder`.
pub(crate) fn spawn_app_in(folder: TempDir, change: impl FnOnce(&mut Settings)) -> TestApp {
    let mut settings = settings(database(&folder));
    change(&mut settings);
    run(folder, &settings, &keys())
}

/// Starts a service whose database is in `folder`, with these keys.
pub(crate) fn spawn_app_with_keys(folder: TempDir, keys: &SecretKeys) -> TestApp {
    let settings = settings(database(&folder));
    run(folder, &settings, keys)
}

fn run(folder: TempDir, settings: &Settings, keys: &SecretKeys) -> TestApp {
    let clock = Clock::default();
    let application = build(settings, keys, &clock);
    let (address, metrics) = (application.address(), application.metrics_address());
    let store = application.store().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = rt::spawn(application.run_until_stopped(async {
        drop(stopped.await);
    }));
    let client = Client::builder().redirect(Policy::none()).build().expect("a client can be made");
    TestApp { address, metrics, clock, folder, store, client, stop, running }
}

/// Retries: a child that another test is forking inherits a released lock, and keeps it until its exec.
fn build(settings: &Settings, keys: &SecretKeys, clock: &Clock) -> Application {
    const PATIENCE: Duration = Duration::from_mins(1);
    let began = Instant::now();
    loop {
        match Application::build(settings.clone(), keys, clock.clone()) {
            Err(AppError::Database(DatabaseError::InUse(_))) if began.elapsed() < PATIENCE => {
                thread::yield_now();
            }
            built => return built.expect("it starts"),
        }
    }
}

/// The default settings, with a free port on the loopback address.
pub(crate) fn settings(path: PathBuf) -> Settings {
    let env = Env::with_variables([("VIEWONCE_SERVER__BIND", "127.0.0.1:0")]);
    let mut settings = Settings::load(None, &env).expect("the defaults load");
    settings.server.workers = 2;
    settings.store.path = path;
    settings
}

/// A key for tests.
pub(crate) fn keys() -> SecretKeys {
    let current = SecretKey::from_bytes(b"an example key, for tests alone".to_vec());
    SecretKeys { current, previous: Vec::new() }
}

pub(crate) fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("db").join("viewonce.sqlite3")
}

impl TestApp {
    /// The URL of `path` on this service.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request without headers and body.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// Sends the head of a creation without its body; returns the start of the response.
    pub(crate) async fn announce(&self) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = "POST /api/v1/secrets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                    Content-Length: 100\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    }

    /// Stores `content` and returns the token.
    pub(crate) async fn store(&self, content: &str) -> String {
        let response = self.post("/api/v1/secrets", &json!({ "content": content })).await;
        assert_eq!(response.status(), 201);
        let document = document(response).await;
        document["token"].as_str().expect("the answer has a token").to_owned()
    }

    /// Stores a secret on the terms in `body`, and returns the answer.
    pub(crate) async fn create(&self, body: &Value) -> Value {
        let response = self.post("/api/v1/secrets", body).await;
        assert_eq!(response.status(), 201);
        document(response).await
    }

    /// Stores `content`, and returns the token and the receipt.
    pub(crate) async fn store_with_receipt(&self, content: &str) -> (String, String) {
        let created = self.create(&json!({ "content": content, "receipt": true })).await;
        (text(&created, "token"), text(&created, "receipt"))
    }

    /// Stores `content` behind [`PASSPHRASE`], and returns the token.
    pub(crate) async fn protect(&self, content: &str) -> String {
        let body = json!({ "content": content, "passphrase": PASSPHRASE });
        text(&self.create(&body).await, "token")
    }

    /// Views a secret by its address.
    pub(crate) async fn view(&self, token: &str) -> Response {
        self.get(&secret(token)).await
    }

    pub(crate) async fn reveal(&self, token: &str) -> Response {
        self.post("/api/v1/reveal", &json!({ "token": token })).await
    }

    /// Reveals a secret that has a passphrase.
    pub(crate) async fn unlock(&self, token: &str, passphrase: &str) -> Response {
        let body = json!({ "token": token, "passphrase": passphrase });
        self.post("/api/v1/reveal", &body).await
    }

    pub(crate) async fn post_with_key(&self, path: &str, body: &Value, key: &str) -> Response {
        send(self.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
    }

    pub(crate) async fn reveal_with_key(&self, token: &str, key: &str) -> Response {
        self.post_with_key("/api/v1/reveal", &json!({ "token": token }), key).await
    }

    pub(crate) async fn acknowledge(&self, token: &str, key: &str) -> Response {
        self.post_with_key("/api/v1/acknowledge", &json!({ "token": token }), key).await
    }

    /// Reads a receipt.
    pub(crate) async fn inspect(&self, receipt: &str) -> Response {
        self.get(&receipt_address(receipt)).await
    }

    /// The state in a kept receipt.
    pub(crate) async fn state(&self, receipt: &str) -> String {
        text(&document(self.inspect(receipt).await).await, "state")
    }

    /// Burns a secret by its receipt.
    pub(crate) async fn revoke(&self, receipt: &str) -> Response {
        send(self.request(Method::DELETE, &receipt_address(receipt))).await
    }

    pub(crate) async fn burn(&self, token: &str) -> Response {
        send(self.request(Method::DELETE, &secret(token))).await
    }

    pub(crate) async fn status(&self, token: &str) -> Response {
        self.post("/api/v1/status", &json!({ "token": token })).await
    }

    /// Whether the secret still exists; consumes nothing.
    pub(crate) async fn is_available(&self, token: &str) -> bool {
        self.status(token).await.status() == 200
    }

    /// Stops the service cleanly, and returns the folder of its database.
    pub(crate) async fn stop(self) -> TempDir {
        self.stop.send(()).expect("the service runs");
        self.running.await.expect("the service does not panic").expect("it stops in good order");
        self.folder
    }
}

/// The path of a secret.
pub(crate) fn secret(token: &str) -> String {
    format!("/api/v1/secrets/{token}")
}

/// The path of a receipt.
pub(crate) fn receipt_address(receipt: &str) -> String {
    format!("/api/v1/receipts/{receipt}")
}

/// The text in a member of a document.
pub(crate) fn text(document: &Value, member: &str) -> String {
    document[member].as_str().expect("it is a text").to_owned()
}

pub(crate) async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("the service answers")
}

pub(crate) async fn document(response: Response) -> Value {
    response.json().await.expect("the answer is JSON")
}
