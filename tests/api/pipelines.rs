//! Pipelined requests: each is answered as if it were alone, and every consumed secret is delivered.

use std::time::Duration;

use actix_web::rt::time::timeout;
use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{TestApp, secret, spawn_app};

/// Less than a server's timeouts for a head or a body.
const PATIENCE: Duration = Duration::from_secs(25);
const CONTENT: &str = "what must be shown";
/// More bytes than the server reads at a time.
const LONG: usize = 3_000;
/// Bytes that may follow a view on the same connection.
const FOLLOWERS: [&str; 5] = [
    "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /health HTTP/1.0\r\n\r\n",
    "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "POST /api/v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{",
    "nothing like a request\r\n\r\n",
];
const LAST: &str = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// A request that reveals a secret, with `padding` bytes of padding.
fn reveal(token: &str, headers: &str, padding: usize) -> String {
    let body = format!("{}{}", json!({ "token": token }), " ".repeat(padding));
    let length = body.len();
    format!(
        "POST /api/v1/reveal HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// A request that views a secret.
fn view(token: &str, headers: &str) -> String {
    format!("GET {} HTTP/1.1\r\nHost: x\r\n{headers}\r\n", secret(token))
}

/// Sends `bytes` in one write; returns the responses until the server closes the connection.
async fn converse(app: &TestApp, bytes: &str) -> String {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answers)).await;
    // A reset after the response is fine.
    drop(read.expect("the server closes the connection"));
    String::from_utf8(answers).unwrap()
}

/// The responses, each starting with its status.
fn each(answers: &str) -> Vec<&str> {
    answers.split("HTTP/1.1 ").skip(1).collect()
}

/// Sends `bytes` in one write; returns the responses up to the second copy of the content.
async fn shown_twice(app: &TestApp, bytes: &str) -> String {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    let reading = async {
        while String::from_utf8_lossy(&answers).matches(CONTENT).count() < 2 {
            let count = stream.read_buf(&mut answers).await.unwrap();
            assert!(count > 0, "{}", String::from_utf8_lossy(&answers));
        }
    };
    timeout(PATIENCE, reading).await.expect("both are shown");
    String::from_utf8(answers).unwrap()
}

/// Asserts that two views are answered as if nothing followed them.
async fn expect_shown(app: &TestApp, follower: &str, padding: usize) {
    let tokens = [app.store(CONTENT).await, app.store(CONTENT).await];
    let views = [reveal(&tokens[0], "", padding), view(&tokens[1], "")].concat();
    let answers = shown_twice(app, &[&views, follower, LAST].concat()).await;
    for answer in &each(&answers)[..2] {
        assert!(answer.starts_with("200 ") && answer.contains(CONTENT), "{answer}");
        assert!(!answer.contains("connection: "), "{answer}");
    }
}

#[actix_web::test]
async fn bytes_after_a_view_do_not_change_its_response() {
    let app = &spawn_app();
    let shown = |padding| FOLLOWERS.map(|follower| expect_shown(app, follower, padding));
    join_all([0, 1_700, LONG].map(shown).into_iter().flatten()).await;
}

#[actix_web::test]
async fn all_pipelined_views_are_answered_before_the_connection_closes() {
    let app = spawn_app();
    for padding in [0, 500, 1_900, LONG] {
        let mut views = String::new();
        for _ in 0..20 {
            views += &reveal(&app.store(CONTENT).await, "", padding);
        }
        let answers = converse(&app, &(views + LAST)).await;
        let answers = each(&answers);
        assert_eq!(answers.len(), 21);
        let closing: Vec<_> =
            answers.iter().map(|answer| answer.contains("connection: close")).collect();
        assert_eq!(closing.iter().position(|closes| *closes), Some(20));
        assert!(answers[..20].iter().all(|answer| answer.contains(CONTENT)));
    }
}

#[actix_web::test]
async fn requests_after_an_unread_body_consume_nothing() {
    let app = spawn_app();
    let bodies = [
        "HEAD /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "GET /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ];
    let checked = bodies.map(async |body: &str| {
        let token = app.store(CONTENT).await;
        let filler = if body.contains("4000") { "x".repeat(4_000) } else { String::new() };
        let answers = converse(&app, &[body, &filler, &view(&token, "")].concat()).await;
        assert_eq!(each(&answers).len(), 1, "{body} {answers}");
        assert!(answers.contains("connection: close"), "{body} {answers}");
        assert!(app.is_available(&token).await, "{body}");
    });
    join_all(checked).await;
}

#[actix_web::test]
async fn the_server_soon_closes_on_an_endless_unread_body() {
    let app = spawn_app();
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let head = "GET /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let endless = async { while stream.write_all(b"1\r\nx\r\n").await.is_ok() {} };
    timeout(PATIENCE, endless).await.expect("the server closes the connection");
}

#[actix_web::test]
async fn a_body_ends_where_its_head_says_even_with_an_upgrade() {
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    let answers = converse(&app, &reveal(&token, upgrade, 0)).await;
    assert!(answers.starts_with("HTTP/1.1 200 ") && answers.contains(CONTENT), "{answers}");
    assert!(answers.contains("connection: close"), "{answers}");
}

/// Views a large secret over a connection with a small receive buffer, followed by `end` and more
/// requests than the server reads; returns the connection when the secret is gone.
async fn take(app: &TestApp, content: &str, headers: &str, end: &str) -> TcpStream {
    let token = app.store(content).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut stream = socket.connect(app.address).await.unwrap();
    let more = LAST.repeat(1_000);
    let all = [&view(&token, headers), end, &more].concat();
    stream.write_all(all.as_bytes()).await.unwrap();
    let is_gone = async { while app.is_available(&token).await {} };
    timeout(PATIENCE, is_gone).await.expect("it is viewed");
    stream
}

/// Asserts that the whole content arrives before the server closes the connection.
async fn expect_whole(mut stream: TcpStream, content: &str) {
    let mut answers = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answers)).await;
    drop(read.expect("the server closes the connection"));
    let answers = String::from_utf8(answers).unwrap();
    assert!(answers.contains(content), "{} bytes", answers.len());
}

#[actix_web::test]
async fn a_response_is_complete_however_much_follows_its_request() {
    let app = spawn_app();
    let content = "x".repeat(60_000);
    for (headers, end) in [("", LAST), ("", "no request\r\n\r\n")] {
        expect_whole(take(&app, &content, headers, end).await, &content).await;
    }
    let mut stream = take(&app, &content, "Connection: close\r\n", "").await;
    for _ in 0..300 {
        stream.write_all(LAST.as_bytes()).await.unwrap();
        assert_eq!(app.get("/health").await.status(), 200);
    }
    expect_whole(stream, &content).await;
    let stream = take(&app, &content, "", "").await;
    join(app.stop(), expect_whole(stream, &content)).await;
}
