//! Small requests beside concurrent large ones: how long the small ones wait, and how much memory the
//! large ones take.
//!
//! A separate thread sends the small requests, so that they do not wait in the load driver.

use std::net::SocketAddr;
use std::thread;
use std::time::Instant;

use actix_web::rt::System;
use actix_web::rt::time::sleep_until;

use crate::Outcome;
use crate::arguments::Plan;
use crate::common::progress::bar;
use crate::common::table::{Table, median, spread};
use crate::latency;
use crate::load::{self, Connections, Run};
use crate::round::{Cost, Sample, Target};
use crate::server::Server;

const SMALL_BYTES: usize = 100;
const SMALL_CONNECTIONS: u64 = 4;
const LARGE_CONNECTIONS: u64 = 16;
/// Sizes of the large contents; `None` measures the small requests alone.
const LARGE_BYTES: [Option<usize>; 3] = [None, Some(65_536), Some(1_048_576)];

/// The results for one size of large contents, round by round.
struct Mix {
    bytes: Option<usize>,
    small: Vec<Sample>,
    large: Vec<Run>,
}

/// Compares small requests alone with those beside large ones, in alternating rounds.
pub(crate) async fn run(plan: &Plan) -> Outcome<()> {
    let server = Server::fresh()?;
    let mut all = LARGE_BYTES.map(|bytes| Mix { bytes, small: Vec::new(), large: Vec::new() });
    let progress = bar("large contents", plan.rounds * all.len() as u64);
    for _round in 0..plan.rounds {
        for mix in &mut all {
            mix.round(&server, plan).await?;
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    print(&all);
    Ok(())
}

impl Mix {
    async fn round(&mut self, server: &Server, plan: &Plan) -> Outcome<()> {
        let end = Instant::now() + plan.time;
        let address = server.address;
        let small = thread::spawn(move || small(address, end));
        let connections = Target::Own(server).connections(LARGE_CONNECTIONS);
        let large = async {
            let Some(bytes) = self.bytes else {
                sleep_until(end.into()).await;
                return Ok(None);
            };
            load::create_and_view(connections, bytes, end).await.map(Some)
        };
        let (large, memory) = server.peak_memory(large).await?;
        let run = small.join().map_err(|_panic| "the thread of the small requests panicked")??;
        self.small.push(Sample { run, cost: Some(Cost { processor_us: f64::NAN, memory }) });
        self.large.extend(large);
        Ok(())
    }

    fn name(&self) -> String {
        self.bytes.map_or("nothing".to_owned(), |bytes| {
            format!("{LARGE_CONNECTIONS} connections of {bytes} bytes")
        })
    }

    /// The median of a figure of the large requests; empty without any.
    fn of_large(&self, figure: impl Fn(&Run) -> f64, decimals: usize) -> String {
        match self.large.as_slice() {
            [] => String::new(),
            runs => format!("{:.decimals$}", median(runs.iter().map(figure))),
        }
    }
}

/// Creates and views small contents on the calling thread.
fn small(address: SocketAddr, end: Instant) -> Result<Run, String> {
    let connections = Connections { address, count: SMALL_CONNECTIONS };
    let load = load::create_and_view(connections, SMALL_BYTES, end);
    System::new().block_on(load).map_err(|error| error.to_string())
}

fn print(all: &[Mix]) {
    let mut table = Table::new(&[
        "beside",
        "small requests/s",
        "p50 ms",
        "p99 ms",
        "p99 vs alone",
        "p99.9 ms",
        "large requests/s",
        "large p99 ms",
        "peak MiB",
    ]);
    let alone: Vec<&Sample> =
        all.first().map_or_else(Vec::new, |first| first.small.iter().collect());
    for mix in all {
        let small: Vec<&Sample> = mix.small.iter().collect();
        let [p50, p99, p999] = latency::quantiles(&small);
        table.push([
            mix.name(),
            latency::per_second(&small),
            p50,
            p99,
            spread(&latency::ratios(&small, &alone, latency::p99)),
            p999,
            mix.of_large(Run::per_second, 0),
            mix.of_large(|run| run.quantile(0.99), 2),
            latency::peak_memory(&small),
        ]);
    }
    table.print(&format!(
        "Small requests beside large ones ({SMALL_CONNECTIONS} connections, {SMALL_BYTES} bytes)"
    ));
}
