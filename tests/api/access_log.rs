//! The access log of the services of one test. A line is written when a request has been answered or
//! dropped, so it shows when a service has noticed a disconnect.
//!
//! The logger panics at the line that `/health` writes when the store does not work: this is how a test
//! makes a handler panic in a service as it ships.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, Once};
use std::time::Duration;

use actix_web::rt::System;
use actix_web::rt::time::{sleep, timeout};
use log::{LevelFilter, Log, Metadata, Record};

/// Less than a server's timeouts for a head or a body.
pub(crate) const PATIENCE: Duration = Duration::from_secs(25);
const SENDER_LEFT: u64 = 499;
/// The target of the line at which the logger panics.
const PANICKING: &str = "viewonce::http::handlers::health";
/// The message of the panic.
pub(crate) const PANIC: &str = "the spare key é";

/// The status of each request, by the actix system that a test and its services run in.
static STATUSES: Mutex<BTreeMap<usize, Vec<u64>>> = Mutex::new(BTreeMap::new());

/// The access log of this test.
pub(crate) struct AccessLog {
    system: usize,
}

impl AccessLog {
    /// Starts recording. Earlier lines are included if another test has started it before.
    pub(crate) fn read() -> Self {
        static START: Once = Once::new();
        START.call_once(|| {
            log::set_logger(&Listener).unwrap();
            log::set_max_level(LevelFilter::Info);
        });
        Self { system: System::current().id() }
    }

    /// How many requests have ended so far.
    pub(crate) fn len(&self) -> usize {
        statuses().get(&self.system).map_or(0, Vec::len)
    }

    /// Waits until `count` more requests than `before` have ended; returns their statuses.
    pub(crate) async fn next(&self, count: usize, before: usize) -> Vec<u64> {
        let ended = async {
            while self.len() < before + count {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, ended).await.expect("each request is in the log");
        statuses()[&self.system][before..].to_vec()
    }

    /// Waits until the next request after the first `before` has ended, and asserts that its client had
    /// disconnected.
    pub(crate) async fn expect_disconnect(&self, before: usize) {
        assert_eq!(self.next(1, before).await, [SENDER_LEFT]);
    }
}

fn statuses() -> MutexGuard<'static, BTreeMap<usize, Vec<u64>>> {
    STATUSES.lock().unwrap()
}

struct Listener;

impl Log for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "viewonce::access"
    }

    fn log(&self, record: &Record<'_>) {
        assert!(record.target() != PANICKING, "{PANIC}");
        let status = record.key_values().get("status".into()).and_then(|status| status.to_u64());
        let system = System::try_current().map(|system| system.id());
        if let (true, Some(status), Some(system)) =
            (self.enabled(record.metadata()), status, system)
        {
            statuses().entry(system).or_default().push(status);
        }
    }

    fn flush(&self) {}
}
