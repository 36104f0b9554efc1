//! The binary: reads the arguments, does what they say, and tells by its exit code how that ended.
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
            // Nobody may be left to read it.
            drop(writeln!(std::io::stderr(), "viewonce: {}", Chain(&*error)));
            ExitCode::FAILURE
        }
    }
}
