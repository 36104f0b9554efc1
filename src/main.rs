//! The binary: parses the arguments, runs the command, and exits with its success or failure.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use viewonce::cli::{self, Arguments};
use viewonce::runtime::chain::Chain;

fn main() -> ExitCode {
    match cli::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed.
            drop(writeln!(std::io::stderr(), "viewonce: {}", Chain(&*error)));
            ExitCode::FAILURE
        }
    }
}
