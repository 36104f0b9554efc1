//! Floods: the server's memory stays bounded, honest clients are served meanwhile, and all resources are
//! released afterwards.
//!
//! The cost of each flood is printed as a table. Measure on an idle machine:
//! `cargo test --release --test flood -- --nocapture --test-threads 1 > /dev/null`
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bodies;
#[path = "../support/certificate.rs"]
mod certificate;
mod connection;
mod heads;
mod honest_clients;
mod idle;
mod measure;
mod pipelines;
#[path = "../support/process.rs"]
mod process;
mod server;
#[path = "../support/skip.rs"]
mod skip;
mod slow_readers;
mod tls;
