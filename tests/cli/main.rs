//! The binary: its commands, settings, files, logs, and shutdown.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod access;
#[path = "../support/certificate.rs"]
mod certificate;
mod commands;
mod files;
mod hardening;
mod key_settings;
mod keys;
mod logs;
mod memory_limit;
mod network_settings;
#[path = "../support/process.rs"]
mod process;
mod settings;
mod shutdown;
#[path = "../support/skip.rs"]
mod skip;
mod tls;
#[path = "../support/unread.rs"]
mod unread;
mod unread_log;
