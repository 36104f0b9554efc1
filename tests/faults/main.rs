//! Fault injection on the real server: a disk that fails, is full or loses power, files that change
//! while it runs, a clock that jumps. Nothing is ever half done, every shown secret is gone, and the
//! service recovers by itself when the fault ends.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod actor_failure;
mod client;
mod clock;
mod disk;
#[path = "../support/fault_injection.rs"]
mod fault_injection;
mod full_disk;
mod full_log_disk;
mod passphrase_attempts;
mod power_cut;
#[path = "../support/process.rs"]
mod process;
mod replaced_files;
mod shred_keys;
mod startup;
#[path = "../support/subprocess.rs"]
mod subprocess;
#[path = "../support/unread.rs"]
mod unread;
mod workload;

use std::process::Command;

/// Lets a server fill its disk to the last byte.
fn unbounded(command: &mut Command) -> &mut Command {
    command.env("VIEWONCE_STORE__MIN_FREE_BYTES", "0")
}

/// Lets a server repeat reveals for longer than any test takes.
fn with_long_repeats(command: &mut Command) -> &mut Command {
    command.env("VIEWONCE_SECRETS__REDELIVER_SECONDS", "3600")
}
