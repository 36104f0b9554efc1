//! What the benchmarks share: secrets that are named by a number, stores that are full of them and
//! kept between runs, tables, and what machine this is.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub(crate) mod machine;
pub(crate) mod numbered_secrets;
pub(crate) mod prefilled;
pub(crate) mod progress;
pub(crate) mod rows;
pub(crate) mod table;
pub(crate) mod times;

use std::error::Error;
use std::process::ExitCode;

/// What goes wrong ends the program, and is told.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Tells what went wrong, if something did.
pub(crate) fn exit(outcome: Outcome<()>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("{error}");
    ExitCode::FAILURE
}
