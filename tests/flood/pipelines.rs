//! Many requests over one connection, sent without waiting for an answer.

use futures_util::future::join_all;

use crate::honest::Flood;
use crate::line::Line;
use crate::measure::{MEBIBYTE, expect_given_back};
use crate::server::Server;

const LINES: usize = 20;
const REQUESTS: usize = 2_000;
const REQUEST: &str = "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n";
const LAST: &str = "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[actix_web::test]
async fn thousands_of_requests_in_a_row_wait_their_turn_and_are_all_answered() {
    let requests = REQUEST.repeat(REQUESTS) + LAST;
    let names = ["4 pipelines of 2,000 requests", "4 pipelines of 2,000 requests, with TLS"];
    for (server, name) in [Server::start(&[]), Server::start_tls(&[])].into_iter().zip(names) {
        let flood = Flood::of(&server, name);
        let pipelines = async {
            let lines = Line::many(&server, 4, "").await;
            join_all(lines.into_iter().map(|line| line.converse(&requests))).await
        };
        for answers in flood.during(pipelines).await {
            assert_eq!(answers.matches("HTTP/1.1 404 ").count(), REQUESTS + 1);
        }
        flood.expect_within(32 * MEBIBYTE);
        expect_given_back(&server).await;
    }
}

#[actix_web::test]
async fn requests_whose_answers_nobody_reads_are_not_read_either() {
    let server = Server::start(&[]);
    let flood = Flood::of(&server, "20 pipelines whose answers nobody reads");
    let requests = REQUEST.repeat(REQUESTS);
    let mut lines = Line::many_of(LINES, "", async || Line::open_narrow(&server).await).await;
    flood.during(join_all(lines.iter_mut().map(|line| line.fill(&requests)))).await;
    flood.expect_within(64 * MEBIBYTE);
    drop(lines);
    expect_given_back(&server).await;
}
