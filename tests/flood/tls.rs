//! Floods of a TLS server: the limits of a connection apply before and after the handshake.

use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::{join, join_all};

use crate::connection::{Connection, expect_status, read_all_until_closed};
use crate::honest_clients::Flood;
use crate::idle::LONG_TIMEOUT;
use crate::measure::{KIBIBYTE, MEBIBYTE, expect_all_closed, expect_connections};
use crate::server::Server;

const CONNECTIONS: usize = 500;
const FEWER: usize = 100;
const IDLE: usize = 1_000;
const BYTES_OF_AN_IDLE_ONE: u64 = 64 * KIBIBYTE;
/// The first bytes of a 512-byte handshake message.
const PART: &str = "\x16\x03\x01\x02\0\x01\0";
const SOON: [(&str, &str); 2] =
    [("LIMITS__HEAD_SECONDS", "5"), ("LIMITS__KEEP_ALIVE_SECONDS", "5")];

#[actix_web::test]
async fn a_handshake_that_stalls_or_drips_closes_its_connection() {
    let server = Server::start_tls(&SOON);
    let flood = Flood::of(&server, "1,000 handshakes of TLS that stall");
    let stalling = async {
        let open = async || Connection::open_bare(&server).await;
        let mut connections = Connection::many_of(CONNECTIONS, "", open).await;
        connections.extend(Connection::many_of(CONNECTIONS, PART, open).await);
        read_all_until_closed(&mut connections).await
    };
    let dripping = async {
        let mut connection = Connection::open_bare(&server).await;
        connection.send(PART).await.unwrap();
        while connection.send("\0").await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    let (words, ()) = flood.during(join(stalling, dripping)).await;
    assert!(words.iter().all(String::is_empty), "{:?}", words.first());
    flood.expect_within(64 * MEBIBYTE);
    expect_all_closed(&server).await;
}

#[actix_web::test]
async fn honest_clients_are_served_beside_idle_tls_connections() {
    let server = Server::start_tls(&[LONG_TIMEOUT]);
    let flood = Flood::of(&server, "1,000 idle connections, with TLS");
    let connections = Connection::many(&server, IDLE, "").await;
    expect_connections(&server, IDLE).await;
    flood.expect_served().await;
    flood.expect_within(IDLE as u64 * BYTES_OF_AN_IDLE_ONE);
    drop(connections);
    expect_all_closed(&server).await;
}

#[actix_web::test]
async fn heads_that_stall_close_their_connections_with_tls_too() {
    const REQUEST: &str = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    const PART: &str = "GET /health HTTP/1.1\r\nHost: ";
    let server = Server::start_tls(&SOON);
    let flood = Flood::of(&server, "200 heads with TLS that stall");
    let stalling = async {
        let mut first = Connection::many(&server, FEWER, PART).await;
        let mut second = Connection::many(&server, FEWER, REQUEST).await;
        join_all(second.iter_mut().map(|connection| connection.read_answer(&server, REQUEST, "}")))
            .await;
        for connection in &mut second {
            connection.send(PART).await.unwrap();
        }
        [read_all_until_closed(&mut first).await, read_all_until_closed(&mut second).await]
    };
    let [first, second] = flood.during(stalling).await;
    expect_status(&first, 408);
    assert!(second.iter().all(String::is_empty), "{:?}", second.first());
    flood.expect_within(64 * MEBIBYTE);
    expect_all_closed(&server).await;
}
