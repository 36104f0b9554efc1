//! The memory and the sockets of a server, as the kernel reports them.

use std::fs;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;

use crate::server::Server;

/// Time limit for each step of a flood: only one that hangs exceeds it. Shorter than the server's
/// default timeouts for silent connections.
pub(crate) const PATIENCE: Duration = Duration::from_secs(70);
pub(crate) const KIBIBYTE: u64 = 1 << 10;
pub(crate) const MEBIBYTE: u64 = 1 << 20;
const ESTABLISHED: &str = "01";

/// Waits until a server has closed every connection.
pub(crate) async fn expect_all_closed(server: &Server) {
    let began = Instant::now();
    while !sockets(server).is_empty() {
        assert!(began.elapsed() < PATIENCE, "{} are open", sockets(server).len());
        sleep(Duration::from_millis(50)).await;
    }
}

/// Runs a flood twice, and asserts that the second run reuses memory that the first has released.
pub(crate) async fn expect_memory_used_again(server: &Server, flood: impl AsyncFn()) {
    flood().await;
    let first = peak(server);
    flood().await;
    let more = peak(server) - first;
    assert!(more <= first / 2, "after {first} bytes, the second time {more} more");
}

/// The resident memory of a server, in bytes.
pub(crate) fn memory(server: &Server) -> u64 {
    status(server, "VmRSS:")
}

/// The peak resident memory of a server, in bytes.
pub(crate) fn peak(server: &Server) -> u64 {
    status(server, "VmHWM:")
}

fn status(server: &Server, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * KIBIBYTE
}

/// Connections that neither side has closed.
pub(crate) fn open_connections(server: &Server) -> usize {
    sockets(server).iter().filter(|state| *state == ESTABLISHED).count()
}

/// Waits until a server has `count` open connections.
pub(crate) async fn expect_connections(server: &Server, count: usize) {
    let began = Instant::now();
    while open_connections(server) != count {
        assert!(began.elapsed() < PATIENCE, "{} of {count}", open_connections(server));
        sleep(Duration::from_millis(20)).await;
    }
}

/// The states of a server's sockets that its process still has open, including those that the other
/// side has closed.
fn sockets(server: &Server) -> Vec<String> {
    const LISTENING: &str = "0A";
    const NOBODY: &str = "0";
    let local = format!(":{:04X}", server.address().port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let sockets = table.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (address, _remote, state) = (words.next()?, words.next()?, words.next()?);
        let inode = words.nth(5)?;
        let is_held = address.ends_with(&local) && state != LISTENING && inode != NOBODY;
        is_held.then(|| state.to_owned())
    });
    sockets.collect()
}
