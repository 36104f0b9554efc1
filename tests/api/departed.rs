//! Clients that leave before their turn.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::rt::time::{sleep, timeout};
use log::{LevelFilter, Log, Metadata, Record};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::held::hold;
use crate::support::{REPEAT_KEYS, TestApp, document, receipt_address, secret, spawn_app};

const PATIENCE: Duration = Duration::from_secs(15);

/// Requests in the log whose senders left.
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// A log that counts them.
struct Counter;

impl Log for Counter {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let status = record.key_values().get("status".into());
        if status.and_then(|status| status.to_u64()) == Some(499) {
            LEFT.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn flush(&self) {}
}

/// Sends a request, with a key for repeating it, and leaves, as far as a client can who still
/// listens to the server's hanging up.
async fn ask_and_leave(app: &TestApp, head: &str, body: &str) {
    let (length, key) = (body.len(), REPEAT_KEYS[0]);
    let request = format!(
        "{head} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: {key}\r\nContent-Length: {length}\r\n\r\n{body}",
        app.address
    );
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer));
    drop(read.await.expect("the server hangs up on a client who has left"));
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
}

#[actix_web::test]
async fn nothing_is_consumed_for_a_client_who_has_left_and_the_log_tells() {
    log::set_logger(&Counter).unwrap();
    log::set_max_level(LevelFilter::Info);
    let app = spawn_app();
    let (token, receipt) = app.store_with_receipt("x").await;
    let protected = app.protect("x").await;
    let repeated = app.store("x").await;
    app.reveal_with_key(&repeated, REPEAT_KEYS[0]).await;

    let held = hold(&app.store);
    let address = secret(&token);
    let body = json!({ "token": token }).to_string();
    let wrong = json!({ "token": protected, "passphrase": "open barley" }).to_string();
    let repeat = json!({ "token": repeated }).to_string();
    let requests = [
        (format!("GET {address}"), ""),
        (format!("DELETE {address}"), ""),
        (format!("DELETE {}", receipt_address(&receipt)), ""),
        ("POST /api/v1/reveal".to_owned(), &body),
        ("POST /api/v1/reveal".to_owned(), &wrong),
        ("POST /api/v1/acknowledge".to_owned(), &repeat),
    ];
    for (head, body) in &requests {
        ask_and_leave(&app, head, body).await;
    }
    let told = async {
        while LEFT.load(Ordering::SeqCst) < requests.len() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, told).await.expect("each request is in the log");
    drop(held);
    assert!(app.is_available(&token).await);
    assert_eq!(app.state(&receipt).await, "pending");
    assert_eq!(app.reveal_with_key(&repeated, REPEAT_KEYS[0]).await.status(), 200);
    let problem = document(app.unlock(&protected, "open barley").await).await;
    assert_eq!(problem["attempts_left"], 9);
}
