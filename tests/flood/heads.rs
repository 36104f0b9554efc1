//! Request heads that never end, or are too large.

use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::{join, join_all};

use crate::connection::{Connection, expect_status, read_all_until_closed};
use crate::honest_clients::{Flood, create};
use crate::measure::{MEBIBYTE, expect_all_closed};
use crate::server::Server;

const CONNECTIONS: usize = 500;
const REQUEST: &str = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
const PART: &str = "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ";
const ANSWER: &str = "}";
/// A short timeout for heads.
const SHORT_TIMEOUTS: [(&str, &str); 2] =
    [("LIMITS__HEAD_SECONDS", "3"), ("LIMITS__KEEP_ALIVE_SECONDS", "3")];

/// Connections on which one request has been answered.
async fn answered(server: &Server, count: usize) -> Vec<Connection> {
    let mut connections = Connection::many(server, count, REQUEST).await;
    join_all(
        connections.iter_mut().map(|connection| connection.read_answer(server, REQUEST, ANSWER)),
    )
    .await;
    connections
}

#[actix_web::test]
async fn a_first_head_that_stalls_is_answered_408_and_closed() {
    let server = Server::start(&SHORT_TIMEOUTS);
    let flood = Flood::of(&server, "500 first heads that stall");
    let stalling = async {
        read_all_until_closed(&mut Connection::many(&server, CONNECTIONS, PART).await).await
    };
    expect_status(&flood.during(stalling).await, 408);
    flood.expect_within(64 * MEBIBYTE);
    expect_all_closed(&server).await;
}

#[actix_web::test]
async fn a_second_head_that_stalls_closes_its_connection() {
    let server = Server::start(&SHORT_TIMEOUTS);
    let flood = Flood::of(&server, "500 second heads that stall");
    let stalling = async {
        let mut connections = answered(&server, CONNECTIONS).await;
        for connection in &mut connections {
            connection.send(PART).await.unwrap();
        }
        read_all_until_closed(&mut connections).await
    };
    let words = flood.during(stalling).await;
    assert!(words.iter().all(String::is_empty), "{:?}", words.first());
    flood.expect_within(64 * MEBIBYTE);
    expect_all_closed(&server).await;
}

#[actix_web::test]
async fn a_dripping_head_does_not_extend_its_timeout() {
    let server = Server::start(&SHORT_TIMEOUTS);
    let flood = Flood::of(&server, "500 heads that drip");
    let mut connections = Connection::many(&server, CONNECTIONS / 2, "").await;
    connections.extend(answered(&server, CONNECTIONS / 2).await);
    let drip = async |connection: &mut Connection| {
        connection.send(PART).await.unwrap();
        while connection.send("x").await.is_ok() {
            sleep(Duration::from_millis(200)).await;
        }
    };
    flood.during(join_all(connections.iter_mut().map(drip))).await;
    flood.expect_within(64 * MEBIBYTE);
    expect_all_closed(&server).await;
}

#[actix_web::test]
async fn a_connection_that_is_silent_after_an_answer_is_closed() {
    let server = Server::start(&SHORT_TIMEOUTS);
    let mut connections = answered(&server, CONNECTIONS).await;
    assert!(read_all_until_closed(&mut connections).await.iter().all(String::is_empty));
    expect_all_closed(&server).await;
}

/// Delays the response to a request for longer than the server's timeouts.
async fn wait_long(server: &Server) {
    let created = create(server, &serde_json::json!({ "content": "x", "receipt": true })).await;
    let receipt = created["receipt"].as_str().unwrap();
    let mut connection = Connection::open(server).await;
    let asking = format!("GET /api/v1/receipts/{receipt}?wait=6 HTTP/1.1\r\nHost: x\r\n\r\n");
    connection.send(&asking).await.unwrap();
    let answer = connection.read_answer(server, &asking, ANSWER).await;
    assert!(answer.contains("\"state\":\"pending\""), "{answer}");
}

#[actix_web::test]
async fn a_request_that_waits_for_its_response_outlasts_the_timeouts() {
    let [plain, tls] = [Server::start(&SHORT_TIMEOUTS), Server::start_tls(&SHORT_TIMEOUTS)];
    join(wait_long(&plain), wait_long(&tls)).await;
}

#[actix_web::test]
async fn a_head_with_too_many_lines_is_refused() {
    let server = Server::start(&[]);
    let flood = Flood::of(&server, "500 heads of 97 lines");
    let head = format!("GET /health HTTP/1.1\r\n{}\r\n", "X-Many: x\r\n".repeat(97));
    let refused = async {
        read_all_until_closed(&mut Connection::many(&server, CONNECTIONS, &head).await).await
    };
    expect_status(&flood.during(refused).await, 431);
    flood.expect_within(64 * MEBIBYTE);
    expect_all_closed(&server).await;
}

#[actix_web::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = Server::start(&[]);
    let flood = Flood::of(&server, "50 heads of 200,000 bytes");
    let refused = async {
        let mut connections =
            Connection::many(&server, 50, &(PART.to_owned() + &"x".repeat(100_000))).await;
        let rest = "x".repeat(100_000);
        // The server may refuse the head before all of it is sent.
        drop(join_all(connections.iter_mut().map(|connection| connection.send(&rest))).await);
        read_all_until_closed(&mut connections).await
    };
    let words = flood.during(refused).await;
    assert!(words.iter().all(|words| words.is_empty() || words.starts_with("HTTP/1.1 431 ")));
    flood.expect_within(64 * MEBIBYTE);
    expect_all_closed(&server).await;
}
