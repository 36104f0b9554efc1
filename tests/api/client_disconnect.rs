//! Clients that disconnect at each stage of a request. Before the store runs the request, nothing is
//! consumed. Afterwards the receipt reports what was done, and a client that sent an idempotency key can
//! repeat.

mod after_commit;
mod attempt;
mod connection;
mod during_request;
mod during_response;
mod during_stretching;
mod while_queued;

use std::fs;

use viewonce::domain::passphrase::STRETCHING_BYTES;

use crate::support::{TestApp, database, spawn_app_with};
use viewonce::store::{Purge, Survey};

/// Seconds during which a reveal can be repeated: longer than any of these tests takes.
const LONG: u64 = 3_600;

/// A service with one worker, and memory to stretch one passphrase at a time.
fn spawn_narrow_app() -> TestApp {
    spawn_app_with(|settings| {
        settings.server.workers = 1;
        settings.passphrases.memory_bytes = STRETCHING_BYTES;
        settings.secrets.redeliver_seconds = LONG;
    })
}

/// Returns when the one worker of `app` has processed all earlier input as far as it can without the
/// store. The worker alternates between its tasks, and a request needs a few rounds.
async fn settle_worker(app: &TestApp) {
    const TURNS: usize = 5;
    for _ in 0..TURNS {
        assert_eq!(app.get("/s").await.status(), 200);
    }
}

/// The number of living secrets.
async fn living(app: &TestApp) -> u64 {
    app.store.insist(Survey { known: Vec::new(), after: None }).await.unwrap().unknown_keys
}

/// Bytes in the write-ahead log. After [`empty_log`], each commit that changes something adds to them.
fn logged_bytes(app: &TestApp) -> u64 {
    // Do not open it: closing it would drop SQLite's locks in this process.
    let log = database(&app.folder).with_extension("sqlite3-wal");
    fs::metadata(log).unwrap().len()
}

async fn empty_log(app: &TestApp) {
    assert!(app.store.insist(Purge).await.unwrap().is_complete);
}
