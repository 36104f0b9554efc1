//! Measures the store without HTTP and without sealing: creations, takes, misses and purges, by the
//! number of concurrent messages and the number of stored secrets.
//!
//! `cargo bench --bench store -- --help` lists the options.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program that prints its results, rounded to a few digits"
)]

#[path = "../common/mod.rs"]
mod common;
mod subject;

use std::process::ExitCode;

use actix::System;
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use common::progress::bar;
use common::rows::Rows;
use common::table::{Table, grouped, median};
use common::times::quantile;
use common::{Outcome, machine};
use subject::{Operation, Subject, Times};

/// Measures the store alone. Sends a batch of messages at once and waits for all answers before the
/// next batch. Concurrent messages are committed together.
#[derive(Parser)]
#[command(name = "store", bin_name = "cargo bench --bench store --")]
struct Arguments {
    /// Secrets in the store before a measurement. Stores are filled once and kept: 10000000 secrets
    /// take some minutes and about 11 GB [default: 0,1000000, and 10000000 if such a store exists]
    #[arg(long, value_delimiter = ',')]
    rows: Vec<u64>,
    /// Concurrent messages
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,512", value_parser = at_least_one())]
    batch: Vec<u64>,
    /// Maximum messages of each kind in a round, sent in at most 1,000 batches
    #[arg(long, default_value_t = 8_192, value_parser = at_least_one())]
    messages: u64,
    /// Rounds; the medians are printed
    #[arg(long, default_value_t = 5, value_parser = at_least_one())]
    rounds: u64,
    /// Passed by cargo to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// Maximum batches in a round. Small batches take almost as long as large ones.
const BATCHES: u64 = 1_000;

fn at_least_one() -> RangedU64ValueParser {
    clap::value_parser!(u64).range(1..)
}

/// The results of one operation on one store, round by round.
struct Cell {
    rows: u64,
    operation: Operation,
    /// Concurrent messages; `None` for a purge, whose messages are sent one by one.
    batch: Option<u64>,
    rounds: Vec<Times>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    common::exit(System::new().block_on(measure(&arguments)))
}

async fn measure(arguments: &Arguments) -> Outcome<()> {
    machine::print();
    let mut subjects = Vec::new();
    for rows in Rows::open(&arguments.rows).await? {
        subjects.push(Subject::open(rows)?);
    }
    let batches = arguments.batch.iter().copied().map(Some).chain([None]);
    let steps = subjects.len() as u64 * (arguments.batch.len() as u64 + 1) * arguments.rounds;
    let progress = bar("store", steps);
    let mut cells = Vec::new();
    for batch in batches {
        let mut group = cells_of(batch, &subjects);
        for _round in 0..arguments.rounds {
            for subject in &mut subjects {
                round(subject, batch, &mut group, arguments).await?;
                progress.inc(1);
            }
        }
        cells.append(&mut group);
    }
    for subject in subjects {
        subject.close().await?;
    }
    progress.finish_and_clear();
    print(&cells);
    Ok(())
}

/// Cells for every store: of the operations sent in batches, or of the others if `batch` is `None`.
fn cells_of(batch: Option<u64>, subjects: &[Subject]) -> Vec<Cell> {
    let operations = Operation::ALL.into_iter().filter(|it| it.has_batches() == batch.is_some());
    let cells = operations.flat_map(|operation| {
        subjects.iter().map(move |subject| {
            let rows = subject.rows.count();
            Cell { rows, operation, batch, rounds: Vec::new() }
        })
    });
    cells.collect()
}

/// Measures every operation once on this store, for the cells that belong to the store.
async fn round(
    subject: &mut Subject,
    batch: Option<u64>,
    cells: &mut [Cell],
    arguments: &Arguments,
) -> Outcome<()> {
    let rows = subject.rows.count();
    let size = batch.unwrap_or(arguments.messages);
    let messages = arguments.messages.min(size * BATCHES);
    for cell in cells.iter_mut().filter(|cell| cell.rows == rows) {
        cell.rounds.push(subject.run(cell.operation, messages, size).await?);
    }
    Ok(())
}

fn print(cells: &[Cell]) {
    for operation in Operation::ALL {
        let mut table = Table::new(&["rows", "batch", "secrets/s", "batch p50 ms", "batch p99 ms"]);
        for cell in cells.iter().filter(|cell| cell.operation == operation) {
            let per_second = median(cell.rounds.iter().map(Times::per_second));
            let [p50, p99] = [0.5, 0.99]
                .map(|part| median(cell.rounds.iter().map(|times| quantile(&times.each, part))));
            table.push([
                grouped(cell.rows),
                cell.batch.map_or_else(String::new, |batch| batch.to_string()),
                format!("{per_second:.0}"),
                format!("{p50:.3}"),
                format!("{p99:.3}"),
            ]);
        }
        table.print(operation.name());
    }
}
