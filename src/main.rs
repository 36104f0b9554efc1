//! The binary: parses the arguments, runs the command, and exits with its success or failure.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;
use viewonce::cli::{self, Arguments};
use viewonce::runtime::chain::Chain;
use viewonce::server::logging::{self, FlushOnDrop};

fn main() -> ExitCode {
    let _flush = FlushOnDrop;
    match cli::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::print(&format!("viewonce: {}\n", Chain(&*error)));
            ExitCode::FAILURE
        }
    }
}
