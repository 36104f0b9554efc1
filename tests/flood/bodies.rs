//! Floods of bodies: endless, slow or malicious ones.

use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::join_all;

use crate::connection::{Connection, expect_status, read_all_until_closed};
use crate::honest_clients::{Flood, creation, post};
use crate::measure::{MEBIBYTE, expect_all_closed};
use crate::server::Server;

const CONNECTIONS: usize = 500;
const SHORT_TIMEOUTS: [(&str, &str); 3] = [
    ("LIMITS__HEAD_SECONDS", "3"),
    ("LIMITS__BODY_SECONDS", "3"),
    ("LIMITS__KEEP_ALIVE_SECONDS", "3"),
];
/// Less than the maximum size of a body.
const LARGE: usize = 390_000;

#[actix_web::test]
async fn stalling_large_bodies_stay_within_the_body_limit_and_leave_room_for_small_ones() {
    // Timeouts long enough that more bodies arrive than the buffers can hold.
    let settings = [("LIMITS__HEAD_SECONDS", "15"), ("LIMITS__BODY_SECONDS", "15")];
    let server = Server::start(&settings);
    let flood = Flood::of(&server, "500 bodies of 390,000 bytes that stall");
    let start = creation("Content-Length: 400000") + &"x".repeat(LARGE);
    let stalling = async {
        read_all_until_closed(&mut Connection::many(&server, CONNECTIONS, &start).await).await
    };
    let words = flood.during(stalling).await;
    let (refused, read): (Vec<_>, Vec<_>) =
        words.into_iter().partition(|words| words.starts_with("HTTP/1.1 503 "));
    expect_status(&read, 408);
    assert!(!read.is_empty() && !refused.is_empty());
    expect_all_closed(&server).await;
    flood.expect_within(192 * MEBIBYTE);
}

#[actix_web::test]
async fn a_body_that_stalls_is_answered_408() {
    let server = Server::start(&SHORT_TIMEOUTS);
    let flood = Flood::of(&server, "500 bodies of 10,000 bytes that stall");
    let start = creation("Content-Length: 400000") + &"x".repeat(10_000);
    let stalling = async {
        read_all_until_closed(&mut Connection::many(&server, CONNECTIONS, &start).await).await
    };
    expect_status(&flood.during(stalling).await, 408);
    flood.expect_within(96 * MEBIBYTE);
    expect_all_closed(&server).await;
}

#[actix_web::test]
async fn a_dripping_body_does_not_extend_its_timeout() {
    let server = Server::start(&SHORT_TIMEOUTS);
    let flood = Flood::of(&server, "500 bodies that drip");
    let mut connections =
        Connection::many(&server, CONNECTIONS, &creation("Transfer-Encoding: chunked")).await;
    let drip = async |connection: &mut Connection| {
        while connection.send("1\r\nx\r\n").await.is_ok() {
            sleep(Duration::from_millis(200)).await;
        }
    };
    flood.during(join_all(connections.iter_mut().map(drip))).await;
    flood.expect_within(64 * MEBIBYTE);
    drop(connections);
    expect_all_closed(&server).await;
}

#[actix_web::test]
async fn an_endless_body_is_not_read_beyond_the_limit() {
    let server = Server::start(&SHORT_TIMEOUTS);
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let announced = creation("Content-Length: 1000000000000");
    let chunked = creation("Transfer-Encoding: chunked");
    // A request whose body is not read: it is answered at once.
    let unread = post("/nothing", "Transfer-Encoding: chunked");
    let flood = Flood::of(&server, "60 bodies without end");
    let endless = async {
        let mut connections = Vec::new();
        for head in [announced, chunked, unread] {
            connections.extend(Connection::many(&server, 20, &head).await);
        }
        join_all(connections.iter_mut().map(|connection| connection.send_for_ever(&chunk))).await;
    };
    flood.during(endless).await;
    flood.expect_within(64 * MEBIBYTE);
    expect_all_closed(&server).await;
}

#[actix_web::test]
async fn json_nested_as_deep_as_a_body_allows_is_refused() {
    let server = Server::start(&[]);
    let flood = Flood::of(&server, "150 bodies of deep JSON");
    let bodies =
        ["[".repeat(LARGE), "{\"content\":".repeat(LARGE / 11), "[{\"a\":".repeat(LARGE / 6)];
    let deep = async {
        for body in bodies {
            let head = creation(&format!("Connection: close\r\nContent-Length: {}", body.len()));
            let mut connections = Connection::many(&server, 50, &(head + &body)).await;
            expect_status(&read_all_until_closed(&mut connections).await, 400);
        }
    };
    flood.during(deep).await;
    flood.expect_within(128 * MEBIBYTE);
    expect_all_closed(&server).await;
}

#[actix_web::test]
async fn many_small_json_values_take_bounded_memory() {
    let server = Server::start(&[("SECRETS__MAX_CONTENT_BYTES", "1000000")]);
    let flood = Flood::of(&server, "8 bodies of 5,000,000 bytes of small values");
    let items = format!("{{\"content\":[{}0]}}", "0,".repeat(2_500_000));
    let members = format!("{{{}\"a\":0}}", "\"a\":0,".repeat(833_333));
    let many = async {
        for body in [items, members] {
            let head = creation(&format!("Connection: close\r\nContent-Length: {}", body.len()));
            let mut connections = Connection::many(&server, 4, &(head + &body)).await;
            expect_status(&read_all_until_closed(&mut connections).await, 422);
        }
    };
    flood.during(many).await;
    flood.expect_within(96 * MEBIBYTE);
    expect_all_closed(&server).await;
}
