//! Readers who take their answer slowly: they get all of it, whatever the patience of a connection.

use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::{join, join_all};

use crate::honest::{Flood, store, view};
use crate::line::Line;
use crate::measure::{MEBIBYTE, expect_connections, expect_given_back};
use crate::server::Server;

const READERS: usize = 300;
const READERS_OF_TLS: usize = 50;
/// Secrets that are stored at a time.
const AT_A_TIME: usize = 50;
const CONTENT_BYTES: usize = 65_536;
const MANY_BYTES: usize = 6 << 20;
/// Longer than the patience of these servers.
const LATER: Duration = Duration::from_secs(5);
/// Sooner than a server that stops ends.
const SOON: Duration = Duration::from_secs(2);
const IMPATIENT: [(&str, &str); 3] = [
    ("LIMITS__HEAD_SECONDS", "3"),
    ("LIMITS__BODY_SECONDS", "3"),
    ("LIMITS__KEEP_ALIVE_SECONDS", "3"),
];

/// A reader who has asked for a secret, and reads nothing.
async fn reader(server: &Server, view: &str) -> Line {
    let mut line = Line::open_narrow(server).await;
    line.send(view).await.unwrap();
    line
}

/// Has many view a secret, and read it when the server's patience would be at its end.
async fn read_late(server: &Server, count: usize, name: &'static str) {
    let content = "x".repeat(CONTENT_BYTES);
    let mut tokens = Vec::new();
    while tokens.len() < count {
        tokens.extend(join_all((0..AT_A_TIME).map(|_| store(server, &content))).await);
    }
    let flood = Flood::of(server, name);
    let slow = async {
        let mut readers = Vec::new();
        for token in &tokens {
            readers.push(reader(server, &view(token, "keep-alive")).await);
        }
        sleep(LATER).await;
        readers
    };
    let mut readers = flood.during(slow).await;
    expect_connections(server, count).await;
    let read = join_all(readers.iter_mut().map(|line| line.read_to("\"}")));
    assert!(read.await.iter().all(|answer| answer.contains(&content)));
    flood.expect_within(96 * MEBIBYTE);
    drop(readers);
    expect_given_back(server).await;
}

#[actix_web::test]
async fn slow_readers_cost_little_and_get_all_of_their_answers() {
    let [plain, tls] = [Server::start(&IMPATIENT), Server::start_tls(&IMPATIENT)];
    let plain = read_late(&plain, READERS, "300 slow readers of 64 KiB");
    let tls = read_late(&tls, READERS_OF_TLS, "50 slow readers of 64 KiB, with TLS");
    join(plain, tls).await;
}

/// Has an answer that is too large for any buffer wait for its reader, with and without a connection
/// that goes on.
async fn read_much_late(server: &Server) {
    let content = "x".repeat(MANY_BYTES);
    let mut readers = Vec::new();
    for connection in ["keep-alive", "close"] {
        let token = store(server, &content).await;
        readers.push(reader(server, &view(&token, connection)).await);
    }
    sleep(LATER).await;
    expect_connections(server, 2).await;
    let read = join_all(readers.iter_mut().map(|line| line.read_to("\"}")));
    assert!(read.await.iter().all(|answer| answer.contains(&content)));
}

#[actix_web::test]
async fn an_answer_that_fills_all_buffers_reaches_its_slow_reader() {
    let many = MANY_BYTES.to_string();
    // A server that is busy with so much reads heads late.
    let settings = [("LIMITS__KEEP_ALIVE_SECONDS", "3"), ("SECRETS__MAX_CONTENT_BYTES", &many)];
    let [plain, tls] = [Server::start(&settings), Server::start_tls(&settings)];
    join(read_much_late(&plain), read_much_late(&tls)).await;
}

#[actix_web::test]
async fn whoever_reads_while_the_server_stops_gets_all_of_the_answer() {
    let many = MANY_BYTES.to_string();
    let server = Server::start(&[("SECRETS__MAX_CONTENT_BYTES", &many)]);
    let content = "x".repeat(MANY_BYTES);
    let token = store(&server, &content).await;
    let mut reader = reader(&server, &view(&token, "keep-alive")).await;
    let begun = reader.read_some().await;
    server.stop();
    sleep(SOON).await;
    let rest = reader.read_to("\"}").await;
    assert!([begun, rest].concat().contains(&content));
}
