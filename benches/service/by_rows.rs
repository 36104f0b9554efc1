//! Rounds of load by the number of living secrets in the store, on each store in turns. The views
//! are of secrets that were there before, from all over the store.

use crate::Outcome;
use crate::arguments::Plan;
use crate::common::progress::bar;
use crate::common::rows::Rows;
use crate::common::table::{Table, grouped, spread};
use crate::latency::{self, KINDS, Kind};
use crate::load;
use crate::round::{Round, Sample, Target};
use crate::server::Server;

const BYTES: usize = 100;
const CONNECTIONS: u64 = 64;
/// What takes the most memory.
const MANY_CONNECTIONS: u64 = 256;

/// A store, its server, and what was measured on them.
pub(crate) struct Contender {
    pub(crate) rows: Rows,
    server: Server,
    pub(crate) rounds: Vec<Round>,
    /// With [`MANY_CONNECTIONS`].
    crowded: Option<Round>,
}

/// Compares stores with so many rows.
pub(crate) async fn run(plan: &Plan) -> Outcome<Vec<Contender>> {
    let mut contenders = Vec::new();
    for rows in Rows::open(&plan.rows).await? {
        let server = Server::on(&rows)?;
        server.rest().await?;
        contenders.push(Contender { rows, server, rounds: Vec::new(), crowded: None });
    }
    let progress = bar("by rows", plan.rounds * contenders.len() as u64);
    for _round in 0..plan.rounds {
        for contender in &mut contenders {
            let round = contender.round(CONNECTIONS, plan).await?;
            contender.rounds.push(round);
            progress.inc(1);
        }
    }
    for contender in &mut contenders {
        contender.crowded = Some(contender.round(MANY_CONNECTIONS, plan).await?);
    }
    progress.finish_and_clear();
    for (name, kind) in KINDS {
        print(name, kind, &contenders);
    }
    Ok(contenders)
}

impl Contender {
    /// Creates for the time of a round, and views as many: so a store keeps its size.
    async fn round(&mut self, connections: u64, plan: &Plan) -> Outcome<Round> {
        let target = Target::Own(&self.server);
        let way = target.way(connections);
        let creations = load::create(way, BYTES, plan.time);
        let (create, created) = target.measure(creations).await?;
        let count = created.len();
        let view = match &mut self.rows {
            Rows::Empty => target.view(way, load::scatter(created)).await?,
            Rows::Living(prefilled) => target.view(way, prefilled.tokens().take(count)).await?,
        };
        if view.run.requests() == 0 {
            return Err("all secrets of a store have been viewed; ask for less".into());
        }
        Ok(Round { create, view })
    }

    fn samples(&self, kind: Kind) -> Vec<&Sample> {
        self.rounds.iter().map(kind).collect()
    }
}

fn print(name: &str, kind: Kind, contenders: &[Contender]) {
    let mut table = Table::new(&[
        "rows",
        "requests/s",
        "of the first",
        "p50 ms",
        "p99 ms",
        "of the first's",
        "p99.9 ms",
        "CPU µs",
        "peak MiB",
        "at 256 connections",
    ]);
    let Some(first) = contenders.first().map(|first| first.samples(kind)) else { return };
    for contender in contenders {
        let samples = contender.samples(kind);
        let crowded: Vec<&Sample> = contender.crowded.iter().map(kind).collect();
        let [p50, p99, p999] = latency::quantiles(&samples);
        table.push([
            grouped(contender.rows.count()),
            latency::per_second(&samples),
            spread(&latency::ratios(&samples, &first, latency::speed)),
            p50,
            p99,
            spread(&latency::ratios(&samples, &first, latency::p99)),
            p999,
            latency::processor(&samples),
            latency::peak_memory(&samples),
            latency::peak_memory(&crowded),
        ]);
    }
    table.print(&format!("{name}, by rows ({CONNECTIONS} connections, {BYTES} bytes)"));
}
