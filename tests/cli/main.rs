//! The binary as it is run: its commands, its settings, its files, its logs, and how it ends.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod access;
#[path = "../support/certificate.rs"]
mod certificate;
mod commands;
mod edge;
mod files;
mod hardening;
mod keys;
mod logs;
#[path = "../support/process.rs"]
mod process;
mod settings;
mod shutdown;
#[path = "../support/skip.rs"]
mod skip;
mod tls;
