//! The store: its contract, which is the same for every backend, and what is SQLite's own; and the
//! janitor, which sends to it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../support/alone.rs"]
mod alone;
mod backend;
mod batch;
mod contract;
#[path = "../support/held.rs"]
mod held;
mod instant;
mod janitor;
mod metric;
#[path = "../support/model.rs"]
mod model;
#[path = "../support/process.rs"]
mod process;
mod property;
mod samples;
mod sqlite;
#[path = "../support/mod.rs"]
mod support;
mod watching;
