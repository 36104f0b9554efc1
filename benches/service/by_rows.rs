//! Load by the number of unexpired secrets in the store, in alternating rounds: creations, views of the
//! created secrets, and then views of older secrets from all over the store.

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
/// Enough connections to show the peak of memory.
const MANY_CONNECTIONS: u64 = 256;

/// A store, its server, and their results.
pub(crate) struct Contender {
    pub(crate) rows: Rows,
    server: Server,
    pub(crate) rounds: Vec<Round>,
    /// Views of older secrets; empty for a store that was empty.
    old_views: Vec<Sample>,
    /// The round with [`MANY_CONNECTIONS`].
    many_connections: Option<Round>,
}

/// Compares the stores of the plan.
pub(crate) async fn run(plan: &Plan) -> Outcome<Vec<Contender>> {
    let mut contenders = Vec::new();
    for rows in Rows::open(&plan.rows).await? {
        let server = Server::on(&rows)?;
        server.wait_until_idle().await?;
        contenders.push(Contender {
            rows,
            server,
            rounds: Vec::new(),
            old_views: Vec::new(),
            many_connections: None,
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
        contender.many_connections = Some(contender.round(MANY_CONNECTIONS, plan).await?);
    }
    for _round in 0..plan.rounds {
        for contender in &mut contenders {
            contender.view_old().await?;
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    for (name, kind) in KINDS {
        print(name, &contenders, |contender| contender.samples(kind));
    }
    print("View of older secrets", &contenders, Contender::old_views);
    print_many_connections(&contenders);
    Ok(contenders)
}

impl Contender {
    /// Creates secrets for the time of a round and views them in the order of creation.
    async fn round(&self, connections: u64, plan: &Plan) -> Outcome<Round> {
        let target = Target::Own(&self.server);
        let connections = target.connections(connections);
        let creations = load::create(connections, BYTES, plan.time);
        let (create, created) = target.measure(creations).await?;
        let view = target.view(connections, created.into_iter()).await?;
        Ok(Round { create, view })
    }

    /// Views as many older secrets as the last round created, unless the store was empty.
    async fn view_old(&mut self) -> Outcome<()> {
        let Rows::Living(prefilled) = &mut self.rows else { return Ok(()) };
        let target = Target::Own(&self.server);
        let count = self.rounds.last().map_or(0, |round| round.create.run.requests());
        let tokens = prefilled.tokens().take(usize::try_from(count)?);
        let view = target.view(target.connections(CONNECTIONS), tokens).await?;
        if view.run.requests() == 0 {
            return Err(
                "all secrets of a store have been viewed; use fewer or shorter rounds".into()
            );
        }
        self.old_views.push(view);
        Ok(())
    }

    fn samples(&self, kind: Kind) -> Vec<&Sample> {
        self.rounds.iter().map(kind).collect()
    }

    /// Views of older secrets. A store that was empty has none: its views of new secrets stand in.
    fn old_views(&self) -> Vec<&Sample> {
        match self.rows {
            Rows::Empty => self.samples(|round| &round.view),
            Rows::Living(_) => self.old_views.iter().collect(),
        }
    }
}

fn print(name: &str, contenders: &[Contender], samples: impl Fn(&Contender) -> Vec<&Sample>) {
    let mut table = Table::new(&[
        "rows",
        "requests/s",
        "requests/s vs first row",
        "p50 ms",
        "p99 ms",
        "p99 vs first row",
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

fn print_many_connections(contenders: &[Contender]) {
    let mut table = Table::new(&["rows", "creations/s", "views/s", "peak MiB"]);
    for contender in contenders {
        let Some(Round { create, view }) = &contender.many_connections else { continue };
        table.push([
            grouped(contender.rows.count()),
            latency::per_second(&[create]),
            latency::per_second(&[view]),
            latency::peak_memory(&[create, view]),
        ]);
    }
    table.print(&format!("With {MANY_CONNECTIONS} connections, by rows ({BYTES} bytes)"));
}
