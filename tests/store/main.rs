//! The store: its contract, which every backend fulfils; the tests that concern SQLite alone; and the
//! janitor, which sends purges to the store.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod backend;
mod batch;
mod contract;
mod deadline;
mod janitor;
mod metric;
#[path = "../support/model.rs"]
mod model;
#[path = "../support/paused_store.rs"]
mod paused_store;
#[path = "../support/process.rs"]
mod process;
mod property;
mod samples;
mod sqlite;
#[path = "../support/subprocess.rs"]
mod subprocess;
#[path = "../support/mod.rs"]
mod support;
mod watch_helpers;
