//! Load by the size of the content and the number of connections, in rounds that alternate between the
//! service and the ceiling.

use std::net::SocketAddr;

use hdrhistogram::Histogram;

use crate::arguments::Plan;
use crate::common::progress::bar;
use crate::disk::Disk;
use crate::load;
use crate::round::{Round, Target};
use crate::server::Server;
use crate::{Outcome, latency};

/// Disk syncs that are timed after each round with one connection.
const SYNCS: u64 = 200;

/// The results for one size and one number of connections, round by round.
pub(crate) struct Comparison {
    pub(crate) bytes: u64,
    pub(crate) connections: u64,
    pub(crate) service: Vec<Round>,
    /// One round for each round of the service; empty when an external instance is measured.
    pub(crate) ceiling: Vec<Round>,
    /// Durations of disk syncs, measured in each round; only with one connection.
    pub(crate) disk: Vec<Histogram<u64>>,
}

/// Measures the instance at `address`.
pub(crate) async fn alone(address: SocketAddr, plan: &Plan) -> Outcome<Vec<Comparison>> {
    let progress = bar("load", plan.cells() * plan.rounds);
    let mut all = Vec::new();
    for &bytes in &plan.bytes {
        for &connections in &plan.connections {
            let mut cell = Comparison::new(bytes, connections);
            for _round in 0..plan.rounds {
                cell.service.push(cell.round(Target::External(address), plan).await?);
                progress.inc(1);
            }
            all.push(cell);
        }
    }
    progress.finish_and_clear();
    latency::print(&all);
    Ok(all)
}

/// Compares the service with the ceiling.
pub(crate) async fn with_ceiling(plan: &Plan) -> Outcome<Vec<Comparison>> {
    let progress = bar("load", plan.cells() * plan.rounds);
    let mut disk = Disk::new()?;
    let mut all = Vec::new();
    for &bytes in &plan.bytes {
        let (service, ceiling) = (Server::fresh()?, Server::ceiling(bytes)?);
        for &connections in &plan.connections {
            let mut cell = Comparison::new(bytes, connections);
            for _round in 0..plan.rounds {
                cell.service.push(cell.round(Target::Own(&service), plan).await?);
                cell.ceiling.push(cell.round(Target::Own(&ceiling), plan).await?);
                if connections == 1 {
                    cell.disk.push(disk.sync(SYNCS)?);
                }
                progress.inc(1);
            }
            all.push(cell);
        }
    }
    progress.finish_and_clear();
    latency::print(&all);
    latency::print_beside_disk(&all);
    Ok(all)
}

impl Comparison {
    const fn new(bytes: u64, connections: u64) -> Self {
        Self { bytes, connections, service: Vec::new(), ceiling: Vec::new(), disk: Vec::new() }
    }

    /// Creates secrets for the time of a round and then views them.
    async fn round(&self, target: Target<'_>, plan: &Plan) -> Outcome<Round> {
        let connections = target.connections(self.connections);
        let creations = load::create(connections, usize::try_from(self.bytes)?, plan.time);
        let (create, tokens) = target.measure(creations).await?;
        let view = target.view(connections, tokens.into_iter()).await?;
        Ok(Round { create, view })
    }
}
