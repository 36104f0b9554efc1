//! Log secrecy: at every level, no log holds a token, a receipt, a content, a passphrase or
//! a key.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::{env, thread};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::process::{KEY, Service};

const CONTENT: &str = "the marker that no log may hold";
const PASSPHRASE: &str = "the passphrase that no log may hold";
const WRONG_PASSPHRASE: &str = "the wrong one, which no log may hold either";
const REPEAT_KEY: &str = "the-key-for-repeats-that-no-log-may-hold";

/// A few hundred requests, good and bad; returns the tokens that were in them.
async fn converse(service: &Service) -> Vec<String> {
    let mut tokens = Vec::new();
    for _ in 0..40 {
        let token = service.store(CONTENT).await.unwrap();
        let path = format!("/api/v1/secrets/{token}");
        let body = json!({ "token": token });
        request(service, "HEAD", &path, &body, "").await;
        request(service, "GET", &path, &body, "bytes=0-0").await;
        request(service, "POST", "/api/v1/status", &body, "").await;
        request(service, "POST", &path, &body, "").await;
        request(service, "GET", &format!("{path}/"), &body, "").await;
        request(service, "GET", &format!("/nothing/{token}?{token}={CONTENT}"), &body, "").await;
        request(
            service,
            &token.replace('_', "-"),
            &path,
            &json!({ "content": CONTENT, CONTENT: 5 }),
            "",
        )
        .await;
        request(service, "POST", "/api/v1/secrets", &json!({ "content": CONTENT, CONTENT: 5 }), "")
            .await;
        request(service, "DELETE", &path, &body, "").await;
        request(service, "GET", &path, &body, "").await;
        tokens.push(token);
    }
    tokens
}

async fn request(service: &Service, method: &str, path: &str, body: &Value, range: &str) {
    let mut request = service.client.request(method.parse::<Method>().unwrap(), service.url(path));
    if !range.is_empty() {
        request = request.header("Range", range);
    }
    request.header("X-Marker", CONTENT).json(body).send().await.unwrap();
}

/// Malformed HTTP requests with a token in the wrong place.
async fn send_malformed(service: &Service, token: &str) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = service.address.trim_start_matches("http://");
    let lines = [
        format!("GET /{token} HTTP/9.9\r\n\r\n"),
        format!("GET /s\x01{token} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("POST /s HTTP/1.1\r\nHost: x\r\nContent-Length: {token}\r\n\r\n"),
        format!("POST /s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {token}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: x\r\n{token}\r\n\r\n"),
        format!(
            "POST /api/v1/secrets HTTP/1.1\r\nHost: x\r\nContent-Type: {token}\r\nContent-Length: 99\r\n\r\n{token}"
        ),
    ];
    for line in lines {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(line.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        drop(stream.read_to_end(&mut Vec::new()).await);
    }
}

/// Sends a request with the idempotency key; returns the document of the response.
async fn ask(service: &Service, method: &str, path: &str, body: &Value) -> Value {
    let request = service.client.request(method.parse::<Method>().unwrap(), service.url(path));
    let answer = request.header("Idempotency-Key", REPEAT_KEY).json(body).send().await.unwrap();
    answer.json().await.unwrap_or_default()
}

/// Requests with a passphrase, a receipt and an idempotency key, valid and invalid; returns the token
/// and the receipt.
async fn use_passphrase_and_receipt(service: &Service) -> [String; 2] {
    let body = json!({ "content": CONTENT, "passphrase": PASSPHRASE, "receipt": true });
    let created = ask(service, "POST", "/api/v1/secrets", &body).await;
    assert_eq!(ask(service, "POST", "/api/v1/secrets", &body).await, created);
    let other = json!({ "content": CONTENT, "receipt": true });
    ask(service, "POST", "/api/v1/secrets", &other).await;
    let [token, receipt] = ["token", "receipt"].map(|name| created[name].as_str().unwrap());

    let reveal = |passphrase: Value| json!({ "token": token, "passphrase": passphrase });
    let passphrases =
        [json!(null), json!([PASSPHRASE]), json!(WRONG_PASSPHRASE), json!(PASSPHRASE)];
    for passphrase in passphrases {
        ask(service, "POST", "/api/v1/reveal", &reveal(passphrase)).await;
    }
    let again = ask(service, "POST", "/api/v1/reveal", &reveal(Value::Null)).await;
    assert_eq!(again["content"], CONTENT);
    ask(service, "POST", "/api/v1/reveal", &json!({ "token": token, PASSPHRASE: 5 })).await;
    ask(service, "POST", "/api/v1/acknowledge", &json!({ "token": token })).await;

    let path = format!("/api/v1/receipts/{receipt}");
    assert_eq!(ask(service, "GET", &path, &Value::Null).await["state"], "viewed");
    for (method, tail) in [("GET", "?wait=1"), ("DELETE", ""), ("POST", ""), ("GET", "%20")] {
        ask(service, method, &format!("{path}{tail}"), &Value::Null).await;
    }
    for tail in [format!("?wait={receipt}"), format!("?{PASSPHRASE}"), format!("/{REPEAT_KEY}")] {
        ask(service, "GET", &(path.clone() + &tail), &Value::Null).await;
    }
    let quoted = service.client.post(service.url("/api/v1/acknowledge"));
    let quoted = quoted.header("Idempotency-Key", format!("\"{REPEAT_KEY}\""));
    quoted.json(&json!({ "token": token })).send().await.unwrap();
    [token.to_owned(), receipt.to_owned()]
}

/// The log of a service after all these requests, the tokens in them, and the other secrets.
async fn log_of_all_requests(format: &str) -> (String, Vec<String>, [String; 2]) {
    let mut service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("RUST_LOG", "trace").env("SECRET_KEY", KEY).env("VIEWONCE_LOG__FORMAT", format)
    });
    service.client = Client::new();
    let tokens = converse(&service).await;
    send_malformed(&service, &tokens[0]).await;
    let secrets = use_passphrase_and_receipt(&service).await;
    send_malformed(&service, &secrets[1]).await;
    send_malformed(&service, REPEAT_KEY).await;
    (service.stop().0, tokens, secrets)
}

fn assert_no_secret_in(log: &str, tokens: &[String], secrets: &[String]) {
    let tokens = || tokens.iter().chain(secrets);
    let others = [CONTENT, KEY, PASSPHRASE, WRONG_PASSPHRASE, REPEAT_KEY];
    for secret in tokens().map(String::as_str).chain(others) {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    for token in tokens() {
        assert!(!log.contains(&token[..20]) && !log.contains(&token[23..]), "a piece of a token");
    }
}

#[actix_web::test]
async fn no_secret_is_logged_and_every_request_is() {
    let (log, tokens, secrets) = log_of_all_requests("text").await;
    assert_no_secret_in(&log, &tokens, &secrets);
    let lines = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert!(lines("viewonce::access: request request_id=") >= 11 * tokens.len());
    let views = "method=GET route=/api/v1/secrets/{token} status=404";
    assert_eq!(lines(views), tokens.len());
    assert_eq!(lines("method=POST route=/api/v1/secrets status=201"), tokens.len() + 2);
    assert_eq!(lines("method=other route=/api/v1/secrets/{token} status=405"), tokens.len());
    assert_eq!(lines("route=- status=404"), 2 * tokens.len() + 1);
    assert_eq!(lines("method=GET route=/api/v1/receipts/{receipt} status=200"), 2);
    assert_eq!(lines("method=DELETE route=/api/v1/receipts/{receipt} status=409"), 1);
}

#[actix_web::test]
async fn a_json_log_holds_no_secret_and_one_object_per_line() {
    let (log, tokens, secrets) = log_of_all_requests("json").await;
    assert_no_secret_in(&log, &tokens, &secrets);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let access: Vec<_> = lines.iter().filter(|line| line["target"] == "viewonce::access").collect();
    assert!(access.len() >= 11 * tokens.len());
    for line in access {
        assert!(line["request_id"].is_string() && line["route"].is_string());
        assert!(line["status"].is_u64() && line["duration_us"].is_u64());
    }
}

#[actix_web::test]
async fn a_malformed_request_is_not_logged() {
    let service = Service::fresh();
    let address = service.address.trim_start_matches("http://");
    for bytes in ["no request\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    let (log, _folder) = service.stop();
    assert!(!log.contains(" ERROR ") && !log.contains("actix_http"), "{log}");
}

#[test]
fn a_panic_is_logged_with_its_location_but_without_its_message() {
    const AGAIN: &str = "VIEWONCE_TEST_PANIC";
    if env::var_os(AGAIN).is_some() {
        viewonce::server::logging::init(viewonce::config::LogFormat::Text).unwrap();
        thread::spawn(|| assert!(CONTENT.is_empty(), "{CONTENT}")).join().unwrap_err();
        log::logger().flush();
        return;
    }
    let mut again = Command::new(env::current_exe().unwrap());
    let name = "logs::a_panic_is_logged_with_its_location_but_without_its_message";
    let output = again.args(["--exact", name, "--nocapture"]).env(AGAIN, "1").output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    assert!(log.contains("(panic)") && log.contains("place=tests/cli/logs.rs:"), "{log}");
    assert!(!log.contains(CONTENT), "{log}");
}
