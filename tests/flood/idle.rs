//! Floods of idle connections.

use std::time::{Duration, Instant};

use actix_web::rt::time::{sleep, timeout};
use futures_util::future::join;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::connection::Connection;
use crate::honest_clients::Flood;
use crate::measure::{
    KIBIBYTE, PATIENCE, expect_all_closed, expect_connections, expect_memory_used_again,
    open_connections,
};
use crate::server::Server;
use crate::skip::skip;

const CONNECTIONS: usize = 10_000;
/// A timeout longer than it takes to open all connections.
pub(crate) const LONG_TIMEOUT: (&str, &str) = ("LIMITS__HEAD_SECONDS", "600");
const BYTES_OF_A_CONNECTION: u64 = 32 * KIBIBYTE;
/// Open files of this test besides the connections, and of the tests that run in parallel.
const OTHERS: u64 = 4_000;
const A_MOMENT: Duration = Duration::from_millis(20);
/// Shorter than the timeouts of these servers.
const SOON: Duration = Duration::from_secs(2);

/// Raises the limit of open files of this process and its children; returns whether that suffices.
fn raise_file_limit() -> bool {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    maximum.is_none_or(|maximum| maximum >= CONNECTIONS as u64 + OTHERS)
}

#[actix_web::test]
async fn honest_clients_are_served_beside_ten_thousand_idle_connections() {
    if !raise_file_limit() {
        return skip("a higher limit of open files").unwrap_or_default();
    }
    let server = Server::start(&[LONG_TIMEOUT]);
    let bound = CONNECTIONS as u64 * BYTES_OF_A_CONNECTION;
    let flood = Flood::of(&server, "10,000 idle connections");
    expect_memory_used_again(&server, async || {
        let connections = Connection::many(&server, CONNECTIONS, "").await;
        expect_connections(&server, CONNECTIONS).await;
        flood.expect_served().await;
        drop(connections);
        expect_all_closed(&server).await;
    })
    .await;
    flood.expect_within(bound);
}

/// Opens half as many connections again as the server admits.
async fn exceed_connection_limit(server: &Server) {
    let began = Instant::now();
    let mut connections = Vec::new();
    // On a slow machine, the server may already have closed the first ones: retry.
    while open_connections(server) != 10 {
        assert!(began.elapsed() < PATIENCE, "{} of 10", open_connections(server));
        drop(connections);
        connections =
            Connection::many_of(15, "", async || Connection::open_bare(server).await).await;
        let taken = async {
            while open_connections(server) < 10 {
                sleep(A_MOMENT).await;
            }
        };
        drop(timeout(SOON, taken).await);
    }
    Flood::of(server, "").expect_served().await;
    drop(connections);
    expect_all_closed(server).await;
}

#[actix_web::test]
async fn a_client_over_the_connection_limit_waits_until_one_closes() {
    let settings =
        [("LIMITS__CONNECTIONS", "10"), ("LIMITS__HEAD_SECONDS", "3"), ("SERVER__WORKERS", "2")];
    let [plain, tls] = [Server::start(&settings), Server::start_tls(&settings)];
    join(exceed_connection_limit(&plain), exceed_connection_limit(&tls)).await;
}
