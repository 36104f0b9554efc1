//! Code that the benchmarks share: secrets that are derived from a number, prefilled stores that are
//! kept between runs, tables, and a description of the machine.

#![allow(dead_code, reason = "each benchmark uses only some of these modules")]

pub(crate) mod machine;
pub(crate) mod numbered_secrets;
pub(crate) mod prefilled;
pub(crate) mod progress;
pub(crate) mod rows;
pub(crate) mod table;
pub(crate) mod times;

use std::error::Error;
use std::process::ExitCode;

/// An error ends the benchmark and is printed.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Prints an error and turns the result into an exit code.
pub(crate) fn exit(outcome: Outcome<()>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("{error}");
    ExitCode::FAILURE
}
