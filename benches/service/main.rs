//! Measures the service under load. Compares the real binary with a bare actix-web handler that stores
//! nothing, in alternating rounds, or measures a running instance alone.
//!
//! `cargo bench --bench service -- --help` lists the options.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program that prints its results, rounded to a few digits"
)]

mod arguments;
mod bare_handler;
mod by_rows;
mod chart;
mod client;
#[path = "../common/mod.rs"]
mod common;
mod compare;
mod disk;
mod lag;
mod large;
mod latency;
mod load;
mod purge;
mod race;
mod round;
mod server;
mod size;
mod start;

use std::net::SocketAddr;
use std::process::ExitCode;

use actix_web::rt::System;
use clap::Parser as _;

use arguments::{Arguments, Part};
use common::{Outcome, machine};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    common::exit(System::new().block_on(async {
        match (arguments.ceiling, arguments.race, arguments.url) {
            (Some(bytes), _, _) => bare_handler::serve(bytes).await,
            (None, Some(readers), address) => race::run(address, readers).await,
            (None, None, Some(address)) => drive(address, &arguments).await,
            (None, None, None) => compare(&arguments).await,
        }
    }))
}

/// Measures a running instance.
async fn drive(address: SocketAddr, arguments: &Arguments) -> Outcome<()> {
    let measured = compare::alone(address, &arguments.plan()).await?;
    arguments.charts.as_deref().map_or(Ok(()), |folder| chart::latency(folder, &measured))
}

/// Runs the whole comparison, or the parts that `--only` names.
async fn compare(arguments: &Arguments) -> Outcome<()> {
    let plan = arguments.plan();
    let charts = arguments.charts.as_deref();
    machine::print();
    if arguments.includes(Part::Load) {
        let measured = compare::with_ceiling(&plan).await?;
        charts.map_or(Ok(()), |folder| chart::latency(folder, &measured))?;
    }
    if arguments.includes(Part::Rows) {
        let measured = by_rows::run(&plan).await?;
        charts.map_or(Ok(()), |folder| chart::throughput(folder, &measured))?;
    }
    if arguments.includes(Part::Purge) {
        purge::run(&plan).await?;
    }
    if arguments.includes(Part::Lag) {
        lag::run(&plan).await?;
    }
    if arguments.includes(Part::Large) {
        large::run(&plan).await?;
    }
    if arguments.includes(Part::Start) {
        start::run(&plan).await?;
    }
    if arguments.includes(Part::Size) {
        size::run(&plan).await?;
    }
    if arguments.includes(Part::Race) {
        race::run(None, race::READERS).await?;
    }
    Ok(())
}
