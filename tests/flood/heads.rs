//! Heads of requests that never end, or are too large.

use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::{join, join_all};

use crate::honest::{Flood, create};
use crate::line::{Line, expect_status, last_words};
use crate::measure::{MEBIBYTE, expect_given_back};
use crate::server::Server;

const LINES: usize = 500;
const REQUEST: &str = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
const PART: &str = "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ";
const ANSWER: &str = "}";
/// A head of one's patience is at its end soon.
const SOON: [(&str, &str); 2] =
    [("LIMITS__HEAD_SECONDS", "3"), ("LIMITS__KEEP_ALIVE_SECONDS", "3")];

/// Connections that have been answered once.
async fn answered(server: &Server, count: usize) -> Vec<Line> {
    let mut lines = Line::many(server, count, REQUEST).await;
    join_all(lines.iter_mut().map(|line| line.be_answered(server, REQUEST, ANSWER))).await;
    lines
}

#[actix_web::test]
async fn a_first_head_that_stalls_is_answered_408_and_closed() {
    let server = Server::start(&SOON);
    let flood = Flood::of(&server, "500 first heads that stall");
    let stalling = async { last_words(&mut Line::many(&server, LINES, PART).await).await };
    expect_status(&flood.during(stalling).await, 408);
    flood.expect_within(64 * MEBIBYTE);
    expect_given_back(&server).await;
}

#[actix_web::test]
async fn a_second_head_that_stalls_closes_its_connection() {
    let server = Server::start(&SOON);
    let flood = Flood::of(&server, "500 second heads that stall");
    let stalling = async {
        let mut lines = answered(&server, LINES).await;
        for line in &mut lines {
            line.send(PART).await.unwrap();
        }
        last_words(&mut lines).await
    };
    let words = flood.during(stalling).await;
    assert!(words.iter().all(String::is_empty), "{:?}", words.first());
    flood.expect_within(64 * MEBIBYTE);
    expect_given_back(&server).await;
}

#[actix_web::test]
async fn a_head_that_drips_has_no_more_time_than_another() {
    let server = Server::start(&SOON);
    let flood = Flood::of(&server, "500 heads that drip");
    let mut lines = Line::many(&server, LINES / 2, "").await;
    lines.extend(answered(&server, LINES / 2).await);
    let drip = async |line: &mut Line| {
        line.send(PART).await.unwrap();
        while line.send("x").await.is_ok() {
            sleep(Duration::from_millis(200)).await;
        }
    };
    flood.during(join_all(lines.iter_mut().map(drip))).await;
    flood.expect_within(64 * MEBIBYTE);
    expect_given_back(&server).await;
}

#[actix_web::test]
async fn a_connection_that_is_silent_after_an_answer_is_closed() {
    let server = Server::start(&SOON);
    let mut lines = answered(&server, LINES).await;
    assert!(last_words(&mut lines).await.iter().all(String::is_empty));
    expect_given_back(&server).await;
}

/// Has a request wait for its answer for longer than its server's patience.
async fn wait_long(server: &Server) {
    let created = create(server, &serde_json::json!({ "content": "x", "receipt": true })).await;
    let receipt = created["receipt"].as_str().unwrap();
    let mut line = Line::open(server).await;
    let asking = format!("GET /api/v1/receipts/{receipt}?wait=6 HTTP/1.1\r\nHost: x\r\n\r\n");
    line.send(&asking).await.unwrap();
    let answer = line.be_answered(server, &asking, ANSWER).await;
    assert!(answer.contains("\"state\":\"pending\""), "{answer}");
}

#[actix_web::test]
async fn a_request_that_waits_for_an_answer_outlasts_every_patience_with_its_connection() {
    let [plain, tls] = [Server::start(&SOON), Server::start_tls(&SOON)];
    join(wait_long(&plain), wait_long(&tls)).await;
}

#[actix_web::test]
async fn a_head_of_too_many_lines_is_refused() {
    let server = Server::start(&[]);
    let flood = Flood::of(&server, "500 heads of 97 lines");
    let head = format!("GET /health HTTP/1.1\r\n{}\r\n", "X-Many: x\r\n".repeat(97));
    let refused = async { last_words(&mut Line::many(&server, LINES, &head).await).await };
    expect_status(&flood.during(refused).await, 431);
    flood.expect_within(64 * MEBIBYTE);
    expect_given_back(&server).await;
}

#[actix_web::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = Server::start(&[]);
    let flood = Flood::of(&server, "50 heads of 200,000 bytes");
    let refused = async {
        let mut lines = Line::many(&server, 50, &(PART.to_owned() + &"x".repeat(100_000))).await;
        let rest = "x".repeat(100_000);
        // It may be refused before all of it was sent.
        drop(join_all(lines.iter_mut().map(|line| line.send(&rest))).await);
        last_words(&mut lines).await
    };
    let words = flood.during(refused).await;
    assert!(words.iter().all(|words| words.is_empty() || words.starts_with("HTTP/1.1 431 ")));
    flood.expect_within(64 * MEBIBYTE);
    expect_given_back(&server).await;
}
