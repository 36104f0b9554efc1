//! Request smuggling (RFC 9112, 11.2): requests whose end is ambiguous are refused, so none can be
//! hidden from a proxy.

use std::time::Duration;

use actix_web::rt::time::timeout;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{TestApp, spawn_app};

/// Less than a server's timeouts for a head or a body.
const PATIENCE: Duration = Duration::from_secs(25);
/// A request after which the connection closes.
const LAST: &str = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
/// The start of a request with a body.
const POST: &str = "POST /api/v1/status HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

/// The statuses of all responses to `bytes` until the server closes the connection.
async fn statuses(app: &TestApp, bytes: &str) -> Vec<u16> {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    // A reset after the response is fine.
    let read = timeout(PATIENCE, stream.read_to_end(&mut answers)).await;
    drop(read.expect("the server closes the connection"));
    let text = String::from_utf8(answers).unwrap();
    let lines = text.split("\r\n").flat_map(|line| line.split("HTTP/1.1 ").skip(1));
    lines.map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect()
}

/// Asserts that each request is refused, and that nothing after it is read on the same connection.
async fn assert_refused(requests: &[&str]) {
    let app = spawn_app();
    for request in requests {
        let statuses = statuses(&app, &[request, LAST].concat()).await;
        assert_eq!(statuses, [400], "{request:?}");
    }
}

#[actix_web::test]
async fn a_body_with_two_lengths_is_refused() {
    let lengths = [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "Content-Length: 2, 2\r\n\r\n{}",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ];
    assert_refused(&lengths.map(|length| [POST, length].concat()).each_ref().map(String::as_str))
        .await;
}

#[actix_web::test]
async fn a_body_with_an_invalid_length_is_refused() {
    let lengths = [
        "Content-Length: +2\r\n\r\n{}",
        "Content-Length: -2\r\n\r\n{}",
        "Content-Length: 0x2\r\n\r\n{}",
        "Content-Length: 99999999999999999999\r\n\r\n{}",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity, chunked, gzip\r\n\r\n0\r\n\r\n",
    ];
    assert_refused(&lengths.map(|length| [POST, length].concat()).each_ref().map(String::as_str))
        .await;
    let old = POST.replace("HTTP/1.1", "HTTP/1.0") + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_refused(&[&old]).await;
}

#[actix_web::test]
async fn a_malformed_chunk_is_refused() {
    let chunks = [
        "0x2\r\n{}\r\n",
        "2\r\n{}xx",
        "2;a\n{}\r\n",
        "fffffffffffffffff\r\n{}\r\n",
        "-2\r\n{}\r\n",
    ];
    let head = [POST, "Transfer-Encoding: chunked\r\n\r\n"].concat();
    let requests = chunks.map(|chunk| [&head, chunk, "0\r\n\r\n"].concat());
    assert_refused(&requests.each_ref().map(String::as_str)).await;
}

/// Some servers accept a bare LF as a line end and would see a second request after it.
#[actix_web::test]
async fn no_request_is_hidden_by_an_ambiguous_trailer() {
    let app = spawn_app();
    let head = [POST, "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"].concat();
    let trailers =
        ["A: b\n\n", "A: b\n\r\n", "\n", "A: b\n\n\r\n\r\n", "A: b\r\n\n", "A: b\nC: d\r\n\r\n"];
    for trailer in trailers {
        let statuses = statuses(&app, &[&head, trailer, LAST, LAST].concat()).await;
        assert_eq!(statuses, [422], "{trailer:?}");
    }
}

#[actix_web::test]
async fn an_ambiguous_or_unsupported_head_is_refused() {
    let heads = [
        "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n",
        // Folded (obs-fold).
        "GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\n X-A: b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nX-A: a\rX-B: b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n",
        " GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /health\r\n\r\n",
        "GET /health HTTP/2.0\r\nHost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    assert_refused(&heads).await;
}

/// A line may end with a bare LF (RFC 9112, 2.2). A body is a body even where none is expected; the
/// connection closes after it.
#[actix_web::test]
async fn bare_line_feeds_and_unexpected_bodies_are_read_as_rfc_9112_says() {
    let app = spawn_app();
    let bare = LAST.replace("\r\n", "\n");
    assert_eq!(statuses(&app, &bare).await, [200]);
    let hidden = "GET /no-such-path HTTP/1.1\r\nHost: x\r\n\r\n";
    let length = hidden.len();
    let outer =
        format!("GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{hidden}");
    assert_eq!(statuses(&app, &(outer + LAST)).await, [200]);
}
