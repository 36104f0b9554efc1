//! Faults under the real server: a disk that fails, is full or loses power, files that change
//! beneath it, a clock that jumps. Whatever happens, nothing is half done, nothing is shown that is
//! not gone, and when the fault ends, all goes on by itself.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../support/alone.rs"]
mod alone;
mod altered;
mod caller;
mod clock;
mod disk;
mod ends;
mod full;
mod guesses;
#[path = "../support/layer.rs"]
mod layer;
mod mixture;
mod power;
#[path = "../support/process.rs"]
mod process;
mod starts;

use std::process::Command;

/// Has a server fill its disk to the last byte.
fn unbounded(command: &mut Command) -> &mut Command {
    command.env("VIEWONCE_STORE__MIN_FREE_BYTES", "0")
}

/// Has a server keep what is revealed for a repeat for longer than any test takes.
fn patient(command: &mut Command) -> &mut Command {
    command.env("VIEWONCE_SECRETS__REDELIVER_SECONDS", "3600")
}
