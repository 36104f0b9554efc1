//! Slow readers get their whole response, whatever the timeouts of a connection. A reader that makes no
//! progress is eventually disconnected.

use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::{join, join_all};

use crate::connection::Connection;
use crate::honest_clients::{Flood, is_late, store, view};
use crate::measure::{MEBIBYTE, expect_all_closed, expect_connections};
use crate::server::Server;

const READERS: usize = 300;
const READERS_OF_TLS: usize = 50;
/// Secrets that are stored concurrently.
const AT_A_TIME: usize = 50;
const CONTENT_BYTES: usize = 65_536;
const MANY_BYTES: usize = 6 << 20;
/// Longer than the timeouts of these servers.
const LATER: Duration = Duration::from_secs(5);
/// The interval and the size of small reads; shorter than the servers' send timeout.
const NOW_AND_THEN: Duration = Duration::from_millis(300);
const SOME: usize = 4_096;
/// Reads that together take longer than the send timeout.
const TIMES: usize = 15;
/// Sooner than a stopping server exits.
const SOON: Duration = Duration::from_secs(1);
const SHORT_TIMEOUTS: [(&str, &str); 3] = [
    ("LIMITS__HEAD_SECONDS", "3"),
    ("LIMITS__BODY_SECONDS", "3"),
    ("LIMITS__KEEP_ALIVE_SECONDS", "3"),
];

/// A client that views a secret, and has read the start of the response.
async fn reader(server: &Server, token: &str, header: &str) -> (Connection, String) {
    loop {
        let mut connection = Connection::open_narrow(server).await;
        connection.send(&view(token, header)).await.unwrap();
        let start = connection.read_some().await;
        if !is_late(&start) {
            return (connection, start);
        }
    }
}

/// Reads the rest of all responses, which must contain `content`.
async fn read_all(readers: &mut [(Connection, String)], content: &str) {
    let read = readers.iter_mut().map(async |(connection, start)| {
        let rest = connection.read_to("\"}").await;
        assert!([start, rest.as_str()].concat().contains(content));
    });
    join_all(read).await;
}

/// Lets many clients view a secret, and read the response only after the server's timeouts.
async fn read_late(server: &Server, count: usize, name: &'static str) {
    let content = "x".repeat(CONTENT_BYTES);
    let mut tokens = Vec::new();
    while tokens.len() < count {
        tokens.extend(join_all((0..AT_A_TIME).map(|_| store(server, &content))).await);
    }
    let flood = Flood::of(server, name);
    let slow = async {
        let mut readers = Vec::new();
        for tokens in tokens.chunks(AT_A_TIME) {
            let some = tokens.iter().map(|token| reader(server, token, "keep-alive"));
            readers.extend(join_all(some).await);
        }
        sleep(LATER).await;
        readers
    };
    let mut readers = flood.during(slow).await;
    expect_connections(server, count).await;
    read_all(&mut readers, &content).await;
    flood.expect_within(96 * MEBIBYTE);
    drop(readers);
    expect_all_closed(server).await;
}

#[actix_web::test]
async fn slow_readers_cost_little_and_get_their_whole_response() {
    let [plain, tls] = [Server::start(&SHORT_TIMEOUTS), Server::start_tls(&SHORT_TIMEOUTS)];
    let plain = read_late(&plain, READERS, "300 slow readers of 64 KiB");
    let tls = read_late(&tls, READERS_OF_TLS, "50 slow readers of 64 KiB, with TLS");
    join(plain, tls).await;
}

/// Delays reading a response that exceeds all buffers, with and without keep-alive.
async fn read_much_late(server: &Server) {
    let content = "x".repeat(MANY_BYTES);
    let mut readers = Vec::new();
    for connection in ["keep-alive", "close"] {
        let token = store(server, &content).await;
        readers.push(reader(server, &token, connection).await);
    }
    sleep(LATER).await;
    expect_connections(server, 2).await;
    read_all(&mut readers, &content).await;
}

#[actix_web::test]
async fn an_answer_that_fills_all_buffers_reaches_its_slow_reader() {
    let many = MANY_BYTES.to_string();
    // Default head timeout: a server that sends this much reads heads late.
    let settings = [("LIMITS__KEEP_ALIVE_SECONDS", "3"), ("SECRETS__MAX_CONTENT_BYTES", &many)];
    let [plain, tls] = [Server::start(&settings), Server::start_tls(&settings)];
    join(read_much_late(&plain), read_much_late(&tls)).await;
}

#[actix_web::test]
async fn a_reader_gets_its_whole_response_while_the_server_stops() {
    let many = MANY_BYTES.to_string();
    let server = Server::start(&[("SECRETS__MAX_CONTENT_BYTES", &many)]);
    let content = "x".repeat(MANY_BYTES);
    let token = store(&server, &content).await;
    let reader = reader(&server, &token, "keep-alive").await;
    server.stop();
    sleep(SOON).await;
    read_all(&mut [reader], &content).await;
}

/// Reads a response in small pieces for a while, and then all of the rest.
async fn read_now_and_then(server: &Server, bytes: usize) {
    let content = "x".repeat(bytes);
    let token = store(server, &content).await;
    let (mut connection, mut start) = reader(server, &token, "keep-alive").await;
    for _ in 0..TIMES {
        sleep(NOW_AND_THEN).await;
        start += &connection.read_at_most(SOME).await;
    }
    read_all(&mut [(connection, start)], &content).await;
}

#[actix_web::test]
async fn a_reader_that_makes_slow_progress_gets_its_whole_response() {
    let many = MANY_BYTES.to_string();
    let settings = [("LIMITS__SEND_SECONDS", "3"), ("SECRETS__MAX_CONTENT_BYTES", &many)];
    let [plain, tls] = [Server::start(&settings), Server::start_tls(&settings)];
    let readers = [(&plain, MANY_BYTES), (&plain, CONTENT_BYTES), (&tls, MANY_BYTES)];
    let tail = read_now_and_then(&tls, CONTENT_BYTES);
    join(join_all(readers.map(|(server, bytes)| read_now_and_then(server, bytes))), tail).await;
}

/// Lets readers read nothing of their responses. The server admits one connection, so it serves the next
/// only after it has disconnected the previous one.
async fn read_nothing(server: &Server) {
    let mut readers = Vec::new();
    let answers =
        [(MANY_BYTES, "keep-alive"), (MANY_BYTES, "close"), (CONTENT_BYTES, "keep-alive")];
    for (bytes, connection) in answers {
        let token = store(server, &"x".repeat(bytes)).await;
        readers.push((reader(server, &token, connection).await.0, bytes));
        store(server, "of somebody else").await;
    }
    for (connection, bytes) in &mut readers {
        let taken = connection.read_all().await.len();
        assert!(*bytes == CONTENT_BYTES || taken < *bytes, "{taken} of {bytes}");
    }
    expect_all_closed(server).await;
}

#[actix_web::test]
async fn a_client_that_reads_nothing_is_disconnected() {
    let many = MANY_BYTES.to_string();
    let settings = [
        ("LIMITS__SEND_SECONDS", "1"),
        ("LIMITS__KEEP_ALIVE_SECONDS", "3600"),
        ("LIMITS__CONNECTIONS", "1"),
        ("SERVER__WORKERS", "1"),
        ("SECRETS__MAX_CONTENT_BYTES", &many),
    ];
    let [plain, tls] = [Server::start(&settings), Server::start_tls(&settings)];
    join(read_nothing(&plain), read_nothing(&tls)).await;
}
