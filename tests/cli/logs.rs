//! Silence: whatever the level, no log holds a token, a content or a key.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::process::{KEY, Service};

const CONTENT: &str = "the marker that no log may hold";

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

/// Requests that HTTP itself refuses, with a token where it does not belong.
async fn babble(service: &Service, token: &str) {
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

async fn log_of_a_conversation(format: &str) -> (String, Vec<String>) {
    let mut service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("RUST_LOG", "trace").env("SECRET_KEY", KEY).env("VIEWONCE_LOG__FORMAT", format)
    });
    service.client = Client::new();
    let tokens = converse(&service).await;
    babble(&service, &tokens[0]).await;
    (service.stop().0, tokens)
}

fn assert_silent(log: &str, tokens: &[String]) {
    for secret in tokens.iter().map(String::as_str).chain([CONTENT, KEY]) {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    for token in tokens {
        assert!(!log.contains(&token[..20]) && !log.contains(&token[23..]), "a piece of a token");
    }
}

#[actix_web::test]
async fn no_secret_is_logged_and_every_request_is() {
    let (log, tokens) = log_of_a_conversation("text").await;
    assert_silent(&log, &tokens);
    let lines = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert!(lines("viewonce::access: request request_id=") >= 11 * tokens.len());
    let views = "method=GET route=/api/v1/secrets/{token} status=404";
    assert_eq!(lines(views), tokens.len());
    assert_eq!(lines("method=POST route=/api/v1/secrets status=201"), tokens.len());
    assert_eq!(lines("method=other route=/api/v1/secrets/{token} status=405"), tokens.len());
    assert_eq!(lines("route=- status=404"), 2 * tokens.len());
}

#[actix_web::test]
async fn a_log_as_json_is_silent_too_and_has_an_object_a_line() {
    let (log, tokens) = log_of_a_conversation("json").await;
    assert_silent(&log, &tokens);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let access: Vec<_> = lines.iter().filter(|line| line["target"] == "viewonce::access").collect();
    assert!(access.len() >= 11 * tokens.len());
    for line in access {
        assert!(line["request_id"].is_string() && line["route"].is_string());
        assert!(line["status"].is_u64() && line["duration_us"].is_u64());
    }
}
