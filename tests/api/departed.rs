//! Clients that leave before their turn.

use std::time::Duration;

use actix_web::rt::time::timeout;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::held::hold;
use crate::support::{TestApp, secret, spawn_app};

const PATIENCE: Duration = Duration::from_secs(15);

/// Sends a request and leaves, as far as a client can who still listens to the server's hanging up.
async fn ask_and_leave(app: &TestApp, head: &str, body: &str) {
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}",
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
async fn nothing_is_consumed_for_a_client_who_has_left_before_its_turn() {
    let app = spawn_app();
    let token = app.store("x").await;
    let held = hold(&app.store);
    let address = secret(&token);
    ask_and_leave(&app, &format!("GET {address}"), "").await;
    ask_and_leave(&app, &format!("DELETE {address}"), "").await;
    let body = json!({ "token": token }).to_string();
    ask_and_leave(&app, "POST /api/v1/reveal", &body).await;
    drop(held);
    assert!(app.is_available(&token).await);
}
