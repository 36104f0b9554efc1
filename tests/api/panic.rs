//! A panicking handler, which is a bug, costs only its own request.

use std::fs;

use actix_web::rt::time::timeout;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::access_log::{AccessLog, PANIC, PATIENCE};
use crate::support::{database, spawn_app};

/// Sends a request for `path` and reads its response, which ends with `}`.
async fn exchange(stream: &mut TcpStream, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    let read = async {
        while !response.ends_with('}') {
            let mut bytes = [0; 4_096];
            let length = stream.read(&mut bytes).await.unwrap();
            assert_ne!(length, 0, "the connection was closed after {response:?}");
            response += str::from_utf8(&bytes[..length]).unwrap();
        }
    };
    timeout(PATIENCE, read).await.expect("a response");
    response
}

#[actix_web::test]
async fn a_handler_that_panics_costs_one_request() {
    let app = spawn_app();
    let log = AccessLog::read();
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    assert!(exchange(&mut stream, "/health").await.starts_with("HTTP/1.1 200 "));
    // The store fails from now on, and the logger panics in the handler that reports this.
    fs::remove_file(database(&app.folder)).unwrap();
    app.post("/api/v1/secrets", &json!({ "content": "x" })).await;
    let before = log.len();
    let response = exchange(&mut stream, "/health").await;
    assert!(response.starts_with("HTTP/1.1 500 "), "{response}");
    assert!(response.contains("\r\ncontent-type: application/problem+json\r\n"), "{response}");
    assert!(response.contains("\r\ncache-control: no-store\r\n"), "{response}");
    assert!(response.contains("/problems/internal-error") && !response.contains(PANIC));
    assert_eq!(log.next(1, before).await, [500]);
    let response = exchange(&mut stream, "/openapi.json").await;
    assert!(response.starts_with("HTTP/1.1 200 "), "the connection stays open: {response}");
}
