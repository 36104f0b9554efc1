//! The service against its specification: schemathesis generates valid and invalid requests and
//! sequences from it, and every response must match the specification.
//!
//! `tests/all.sh` installs schemathesis under `target/`. Without it, this test reports that it is
//! skipped, and passes; if the environment variable `VIEWONCE_TEST_ALL` is set, it fails instead.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/process.rs"]
mod process;
#[path = "../support/skip.rs"]
mod skip;

use std::path::Path;
use std::time::Duration;

use actix_web::rt::time::timeout;
use tokio::process::Command;
use viewonce::domain::access_token::{AccessToken, TokenHash};

use process::{KEY, Service};
use skip::skip;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/schemathesis/bin/schemathesis");
/// The folder of its settings and hooks.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schema");
/// Time limit: a run takes less than a minute.
const PATIENCE: Duration = Duration::from_mins(10);
/// Answers that a run must see at least once. (If the specification changes, so do the generated
/// requests: if one of these is missing then, try another seed.)
const REACHED: [(&str, &str, u16); 16] = [
    ("POST", "/api/v1/secrets", 201),
    ("POST", "/api/v1/secrets", 401),
    ("POST", "/api/v1/secrets", 413),
    ("POST", "/api/v1/secrets", 422),
    ("GET", "/api/v1/secrets/{token}", 200),
    ("GET", "/api/v1/secrets/{token}", 404),
    ("DELETE", "/api/v1/secrets/{token}", 204),
    ("POST", "/api/v1/reveal", 200),
    ("POST", "/api/v1/reveal", 403),
    ("POST", "/api/v1/reveal", 404),
    ("POST", "/api/v1/status", 200),
    ("POST", "/api/v1/acknowledge", 204),
    ("GET", "/api/v1/receipts/{receipt}", 200),
    ("DELETE", "/api/v1/receipts/{receipt}", 204),
    ("DELETE", "/api/v1/receipts/{receipt}", 409),
    ("GET", "/health", 200),
];

#[actix_web::test]
async fn the_service_does_what_its_specification_says() {
    if !Path::new(PROGRAM).exists() {
        return skip("schemathesis").unwrap_or_default();
    }
    let token = AccessToken::generate().unwrap();
    let service = closed_service(&token);
    compare(&service, &token).await;
    let (log, _folder) = service.stop();
    for trouble in ["WARN", "ERROR", "panicked", "status=5"] {
        assert_eq!(log.lines().find(|line| line.contains(trouble)), None);
    }
    for (method, route, status) in REACHED {
        let answer = format!("method={method} route={route} status={status} ");
        assert!(log.contains(&answer), "never seen: {answer}");
    }
}

/// A server on which only `token` may create, so that access control is tested, too. Contents are
/// limited to so few bytes that contents on both sides of the limit are generated.
fn closed_service(token: &AccessToken) -> Service {
    let hash = TokenHash::of(&token.expose_text()).to_string();
    Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("SECRET_KEY", KEY).env("VIEWONCE_ACCESS__CREATE_TOKENS", hash);
        command.env("VIEWONCE_SECRETS__MAX_CONTENT_BYTES", "1024")
    })
}

/// Runs schemathesis against `service`; it must find nothing.
async fn compare(service: &Service, token: &AccessToken) {
    let mut command = Command::new(PROGRAM);
    command.args(["--config-file", &format!("{FOLDER}/schemathesis.toml"), "run", "--no-color"]);
    command.arg(service.url("/openapi.json")).current_dir(service.folder.path()).env_clear();
    command.env("SCHEMATHESIS_HOOKS", format!("{FOLDER}/hooks.py"));
    command.env("ACCESS_TOKEN", token.expose_text().as_str());
    command.env("PYTHONDONTWRITEBYTECODE", "1").kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
}
