//! The time that the service takes to start, and its memory before the first request.

use std::time::Instant;

use crate::Outcome;
use crate::arguments::Plan;
use crate::client;
use crate::common::progress::bar;
use crate::common::rows::Rows;
use crate::common::table::{Table, grouped, median, spread};
use crate::latency::mebibytes;
use crate::server::Server;

/// The results of one start.
struct Start {
    /// From the start of the process to the first successful health check.
    milliseconds: f64,
    /// Anonymous memory of the idle server, in bytes.
    idle_memory: u64,
}

/// Starts the service on each store, in alternating rounds.
pub(crate) async fn run(plan: &Plan) -> Outcome<()> {
    let stores = Rows::open(&plan.rows).await?;
    let mut starts: Vec<Vec<Start>> = stores.iter().map(|_rows| Vec::new()).collect();
    let progress = bar("starts", plan.rounds * stores.len() as u64);
    for _round in 0..plan.rounds {
        for (rows, starts) in stores.iter().zip(&mut starts) {
            starts.push(start(rows).await?);
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    print(&stores, &starts);
    Ok(())
}

async fn start(rows: &Rows) -> Outcome<Start> {
    let started = Instant::now();
    let server = Server::on(rows)?;
    let mut connection = client::connect(server.address).await?;
    client::expect(&mut connection, client::health()).await?;
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    server.wait_until_idle().await?;
    let idle_memory = server.memory()?;
    server.stop()?;
    Ok(Start { milliseconds, idle_memory })
}

fn print(stores: &[Rows], starts: &[Vec<Start>]) {
    let mut table = Table::new(&["rows", "ms to the first response", "idle MiB"]);
    for (rows, starts) in stores.iter().zip(starts) {
        let milliseconds: Vec<f64> = starts.iter().map(|start| start.milliseconds).collect();
        let memory = median(starts.iter().map(|start| start.idle_memory as f64));
        table.push([grouped(rows.count()), spread(&milliseconds), mebibytes(memory as u64)]);
    }
    table.print("Start");
}
