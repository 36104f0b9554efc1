//! Callers who leave, at every stage of what they asked for: nothing is consumed for one who left
//! before the store had its turn; what was consumed for one who left after it is told truly, and
//! repeated to whoever asked repeatably.

mod access;
mod answered;
mod committed;
mod early;
mod line;
mod stake;
mod stretching;
mod waiting;

use std::fs;

use viewonce::domain::passphrase::STRETCHING_BYTES;

use crate::support::{TestApp, database, spawn_app_with};
use viewonce::store::{Purge, Survey};

/// Seconds for which a repeat is possible: longer than any of these tests takes.
const LONG: u64 = 3_600;

/// A service with one worker, and memory to stretch one passphrase at a time.
fn spawn_narrow_app() -> TestApp {
    spawn_app_with(|settings| {
        settings.server.workers = 1;
        settings.passphrases.memory_bytes = STRETCHING_BYTES;
        settings.secrets.redeliver_seconds = LONG;
    })
}

/// Returns when all that was sent to the one worker of `app` before has got as far as it gets
/// without the store. What it has to do it does by turns, and a request takes a few of them.
async fn come_round(app: &TestApp) {
    const TURNS: usize = 5;
    for _ in 0..TURNS {
        assert_eq!(app.get("/s").await.status(), 200);
    }
}

/// How many secrets live.
async fn living(app: &TestApp) -> u64 {
    app.store.insist(Survey { known: Vec::new(), after: None }).await.unwrap().unknown_keys
}

/// Bytes in the write-ahead log. Once it is [emptied](empty_log), each commit that changes something
/// makes them more.
fn logged_bytes(app: &TestApp) -> u64 {
    // It is not opened: in this process only SQLite may do that.
    let log = database(&app.folder).with_extension("sqlite3-wal");
    fs::metadata(log).unwrap().len()
}

async fn empty_log(app: &TestApp) {
    assert!(app.store.insist(Purge).await.unwrap().is_complete);
}
