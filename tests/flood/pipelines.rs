//! Floods of pipelined requests.

use futures_util::future::join_all;
use serde_json::json;

use crate::connection::Connection;
use crate::honest_clients::{Flood, post, store, view};
use crate::measure::{MEBIBYTE, expect_all_closed};
use crate::server::Server;

const CONNECTIONS: usize = 20;
const REQUESTS: usize = 2_000;
const REQUEST: &str = "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n";
const LAST: &str = "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[actix_web::test]
async fn thousands_of_pipelined_requests_are_all_answered() {
    let requests = REQUEST.repeat(REQUESTS) + LAST;
    let names = ["4 pipelines of 2,000 requests", "4 pipelines of 2,000 requests, with TLS"];
    for (server, name) in [Server::start(&[]), Server::start_tls(&[])].into_iter().zip(names) {
        let flood = Flood::of(&server, name);
        let pipelines = async {
            let connections = Connection::many(&server, 4, "").await;
            join_all(connections.into_iter().map(|connection| connection.converse(&requests))).await
        };
        for answers in flood.during(pipelines).await {
            assert_eq!(answers.matches("HTTP/1.1 404 ").count(), REQUESTS + 1);
        }
        flood.expect_within(32 * MEBIBYTE);
        expect_all_closed(&server).await;
    }
}

#[actix_web::test]
async fn the_server_stops_reading_requests_whose_responses_are_not_read() {
    let server = Server::start(&[]);
    let flood = Flood::of(&server, "20 pipelines whose answers nobody reads");
    let requests = REQUEST.repeat(REQUESTS);
    let mut connections =
        Connection::many_of(CONNECTIONS, "", async || Connection::open_narrow(&server).await).await;
    flood
        .during(join_all(connections.iter_mut().map(|connection| connection.fill(&requests))))
        .await;
    flood.expect_within(64 * MEBIBYTE);
    drop(connections);
    expect_all_closed(&server).await;
}

/// Ends of a chunked body, among them trailers that parsers read differently if they accept a bare LF.
const ENDS: [&str; 4] =
    ["0\r\n\r\n", "0\r\nA: b\r\n\r\n", "0\r\nA: b\n\r\n", "0\r\nA: b\n\r\n\r\n"];
/// The number of bytes that the server hands on at a time.
const READ_BYTES: usize = 2_048;

/// A request that reveals a secret, in chunks that contain bytes like the end of a head.
fn reveal_in_chunks(token: &str, end: &str, padding: usize) -> String {
    let body = json!({ "token": token }).to_string();
    let blank = format!("\r\n\r\n{}\n\n", " ".repeat(padding));
    let (one, other) = body.split_at(20);
    let chunks = [&blank, one, other].map(|part| format!("{:x}\r\n{part}\r\n", part.len()));
    [post("/api/v1/reveal", "Transfer-Encoding: chunked"), chunks.concat(), end.to_owned()].concat()
}

#[actix_web::test]
async fn requests_after_a_chunked_body_are_not_run_and_its_response_is_complete() {
    const CONTENT: &str = "what must be shown";
    const HEAD: &str = "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n";
    for server in [Server::start(&[]), Server::start_tls(&[])] {
        for (end, padding) in ENDS.into_iter().flat_map(|end| [(end, 0), (end, READ_BYTES)]) {
            let (token, other) = (store(&server, CONTENT).await, store(&server, CONTENT).await);
            let chunks = reveal_in_chunks(&token, end, padding);
            let after = [HEAD, &view(&other, "keep-alive")].concat().repeat(100);
            let answers = Connection::open(&server).await.converse(&(chunks + &after)).await;
            assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{end:?} {answers}");
            assert!(answers.starts_with("HTTP/1.1 200 ") && answers.contains(CONTENT), "{answers}");
            assert!(answers.contains("connection: close\r\n"), "{answers}");
            let answer = Connection::open(&server).await.converse(&view(&other, "close")).await;
            assert!(answer.contains(CONTENT), "{end:?} {answer}");
        }
    }
}
