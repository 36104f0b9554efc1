//! Rounds of load by the number of living secrets in the store, on each store in turns: creations, and
//! views of what they created; then views of secrets that were there before, from all over the store.

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
    /// Views of secrets from all over the store, if there were any.
    scattered: Vec<Sample>,
    /// With [`MANY_CONNECTIONS`].
    crowded: Option<Round>,
}

/// Compares stores with so many rows.
pub(crate) async fn run(plan: &Plan) -> Outcome<Vec<Contender>> {
    let mut contenders = Vec::new();
    for rows in Rows::open(&plan.rows).await? {
        let server = Server::on(&rows)?;
        server.rest().await?;
        contenders.push(Contender {
            rows,
            server,
            rounds: Vec::new(),
            scattered: Vec::new(),
            crowded: None,
        });
    }
    let progress = bar("by rows", 2 * plan.rounds * contenders.len() as u64);
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
    for _round in 0..plan.rounds {
        for contender in &mut contenders {
            contender.view_scattered().await?;
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    for (name, kind) in KINDS {
        print(name, &contenders, |contender| contender.samples(kind));
    }
    print("View of what was there before", &contenders, Contender::scattered);
    print_crowded(&contenders);
    Ok(contenders)
}

impl Contender {
    /// Creates for the time of a round, and views what it created, in the same order.
    async fn round(&self, connections: u64, plan: &Plan) -> Outcome<Round> {
        let target = Target::Own(&self.server);
        let way = target.way(connections);
        let creations = load::create(way, BYTES, plan.time);
        let (create, created) = target.measure(creations).await?;
        let view = target.view(way, created.into_iter()).await?;
        Ok(Round { create, view })
    }

    /// Views as many secrets that were there before as a round has created, if there are any.
    async fn view_scattered(&mut self) -> Outcome<()> {
        let Rows::Living(prefilled) = &mut self.rows else { return Ok(()) };
        let target = Target::Own(&self.server);
        let count = self.rounds.last().map_or(0, |round| round.create.run.requests());
        let tokens = prefilled.tokens().take(usize::try_from(count)?);
        let view = target.view(target.way(CONNECTIONS), tokens).await?;
        if view.run.requests() == 0 {
            return Err("all secrets of a store have been viewed; ask for less".into());
        }
        self.scattered.push(view);
        Ok(())
    }

    fn samples(&self, kind: Kind) -> Vec<&Sample> {
        self.rounds.iter().map(kind).collect()
    }

    /// Views from all over the store; of an empty one, those of what it had.
    fn scattered(&self) -> Vec<&Sample> {
        match self.rows {
            Rows::Empty => self.samples(|round| &round.view),
            Rows::Living(_) => self.scattered.iter().collect(),
        }
    }
}

fn print(name: &str, contenders: &[Contender], samples: impl Fn(&Contender) -> Vec<&Sample>) {
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
    ]);
    let Some(first) = contenders.first().map(&samples) else { return };
    for contender in contenders {
        let samples = samples(contender);
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
        ]);
    }
    table.print(&format!("{name}, by rows ({CONNECTIONS} connections, {BYTES} bytes)"));
}

fn print_crowded(contenders: &[Contender]) {
    let mut table = Table::new(&["rows", "creations/s", "views/s", "peak MiB"]);
    for contender in contenders {
        let Some(Round { create, view }) = &contender.crowded else { continue };
        table.push([
            grouped(contender.rows.count()),
            latency::per_second(&[create]),
            latency::per_second(&[view]),
            latency::peak_memory(&[create, view]),
        ]);
    }
    table.print(&format!("With {MANY_CONNECTIONS} connections, by rows ({BYTES} bytes)"));
}
