//! Rounds of load by the size of contents and the number of connections, on the service and on the
//! ceiling in turns.

use std::net::SocketAddr;

use hdrhistogram::Histogram;

use crate::arguments::Plan;
use crate::common::progress::bar;
use crate::disk::Disk;
use crate::load;
use crate::round::{Round, Target};
use crate::server::Server;
use crate::{Outcome, latency};

/// Syncs of the disk beside a round with one connection.
const SYNCS: u64 = 200;

/// What was measured with contents of so many bytes over so many connections, round by round.
pub(crate) struct Comparison {
    pub(crate) bytes: u64,
    pub(crate) connections: u64,
    pub(crate) service: Vec<Round>,
    /// In the same turns; none if there is nothing to compare with.
    pub(crate) ceiling: Vec<Round>,
    /// Times of syncing the disk, in the same turns; only with one connection.
    pub(crate) disk: Vec<Histogram<u64>>,
}

/// Drives the instance at `address`.
pub(crate) async fn alone(address: SocketAddr, plan: &Plan) -> Outcome<Vec<Comparison>> {
    let progress = bar("load", plan.cells() * plan.rounds);
    let mut all = Vec::new();
    for &bytes in &plan.bytes {
        for &connections in &plan.connections {
            let mut cell = Comparison::new(bytes, connections);
            for _round in 0..plan.rounds {
                cell.service.push(cell.round(Target::Elsewhere(address), plan).await?);
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

    /// Creates for the time of a round, and views what that created.
    async fn round(&self, target: Target<'_>, plan: &Plan) -> Outcome<Round> {
        let way = target.way(self.connections);
        let creations = load::create(way, usize::try_from(self.bytes)?, plan.time);
        let (create, tokens) = target.measure(creations).await?;
        let view = target.view(way, tokens.into_iter()).await?;
        Ok(Round { create, view })
    }
}
