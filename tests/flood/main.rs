//! Floods: whatever comes, and however slowly, a server's memory stays bounded, honest clients are
//! served meanwhile, and afterwards everything is given back.
//!
//! What each flood costs is printed as a table, for machines at rest:
//! `cargo test --release --test flood -- --nocapture --test-threads 1 > /dev/null`
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bodies;
#[path = "../support/certificate.rs"]
mod certificate;
mod heads;
mod honest;
mod idle;
mod line;
mod measure;
mod pipelines;
#[path = "../support/process.rs"]
mod process;
mod readers;
mod server;
#[path = "../support/skip.rs"]
mod skip;
mod tls;
