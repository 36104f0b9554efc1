//! Connections that are opened and then silent.

use futures_util::future::join;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::honest::Flood;
use crate::line::Line;
use crate::measure::{KIBIBYTE, expect_connections, expect_given_back, expect_memory_used_again};
use crate::server::Server;
use crate::skip::skip;

const CONNECTIONS: usize = 10_000;
const BYTES_OF_A_CONNECTION: u64 = 32 * KIBIBYTE;
/// Files of this test besides, and of those beside it.
const OTHERS: u64 = 4_000;

/// Raises the limit of open files of this process, and of those it starts; whether that suffices.
fn has_files() -> bool {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    maximum.is_none_or(|maximum| maximum >= CONNECTIONS as u64 + OTHERS)
}

#[actix_web::test]
async fn ten_thousand_idle_connections_are_held_and_nobody_suffers() {
    if !has_files() {
        return skip("a higher limit of open files").unwrap_or_default();
    }
    let server = Server::start(&[]);
    let bound = CONNECTIONS as u64 * BYTES_OF_A_CONNECTION;
    let flood = Flood::of(&server, "10,000 idle connections");
    expect_memory_used_again(&server, async || {
        let lines = Line::many(&server, CONNECTIONS, "").await;
        expect_connections(&server, CONNECTIONS).await;
        flood.expect_served().await;
        drop(lines);
        expect_given_back(&server).await;
    })
    .await;
    flood.expect_within(bound);
}

/// Has half as many connections come again as there may be.
async fn take_all(server: &Server) {
    let lines = Line::many_of(15, "", async || Line::open_bare(server).await).await;
    expect_connections(server, 10).await;
    Flood::of(server, "").expect_served().await;
    drop(lines);
    expect_given_back(server).await;
}

#[actix_web::test]
async fn whoever_comes_when_all_connections_are_taken_waits_until_one_is_closed() {
    let settings =
        [("LIMITS__CONNECTIONS", "10"), ("LIMITS__HEAD_SECONDS", "3"), ("SERVER__WORKERS", "2")];
    let [plain, tls] = [Server::start(&settings), Server::start_tls(&settings)];
    join(take_all(&plain), take_all(&tls)).await;
}
