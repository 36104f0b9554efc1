//! Load by the size of the content and the number of connections, in rounds that alternate between the
//! service and the ceiling. One server's secrets are viewed in the order of creation, those of another
//! in random order: each has a store of its own, because views leave free pages for later creations.

use std::mem;
use std::net::SocketAddr;

use hdrhistogram::Histogram;

use crate::arguments::Plan;
use crate::common::numbered_secrets::permuted;
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
    /// Rounds of the service with views in the order of creation.
    pub(crate) in_order: Vec<Round>,
    /// As many rounds of the service with views in random order.
    pub(crate) random: Vec<Round>,
    /// As many rounds of the bare handler, for which the order is irrelevant; empty when an external instance is measured.
    pub(crate) ceiling: Vec<Round>,
    /// Durations of disk syncs, measured in each round; only with one connection.
    pub(crate) disk: Vec<Histogram<u64>>,
}

/// The order in which the secrets of a round are viewed.
#[derive(Clone, Copy)]
enum Order {
    Creation,
    Random,
}

/// Measures the instance at `address`, whose one store has the views of both orders.
pub(crate) async fn alone(address: SocketAddr, plan: &Plan) -> Outcome<Vec<Comparison>> {
    let progress = bar("load", plan.cells() * plan.rounds);
    let mut all = Vec::new();
    for &bytes in &plan.bytes {
        for &connections in &plan.connections {
            let mut cell = Comparison::new(bytes, connections);
            for _round in 0..plan.rounds {
                let target = Target::External(address);
                cell.in_order.push(cell.round(target, Order::Creation, plan).await?);
                cell.random.push(cell.round(target, Order::Random, plan).await?);
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
        let (in_order, random) = (Server::fresh()?, Server::fresh()?);
        let ceiling = Server::ceiling(bytes)?;
        let [in_order, random, ceiling] = [&in_order, &random, &ceiling].map(Target::Own);
        for &connections in &plan.connections {
            let mut cell = Comparison::new(bytes, connections);
            for _round in 0..plan.rounds {
                cell.in_order.push(cell.round(in_order, Order::Creation, plan).await?);
                cell.random.push(cell.round(random, Order::Random, plan).await?);
                cell.ceiling.push(cell.round(ceiling, Order::Creation, plan).await?);
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
        Self {
            bytes,
            connections,
            in_order: Vec::new(),
            random: Vec::new(),
            ceiling: Vec::new(),
            disk: Vec::new(),
        }
    }

    /// Creates secrets for the time of a round and then views them in this order.
    async fn round(&self, target: Target<'_>, order: Order, plan: &Plan) -> Outcome<Round> {
        let connections = target.connections(self.connections);
        let creations = load::create(connections, usize::try_from(self.bytes)?, plan.time);
        let (create, tokens) = target.measure(creations).await?;
        let tokens = match order {
            Order::Creation => tokens,
            Order::Random => scattered(tokens),
        };
        let view = target.view(connections, tokens.into_iter()).await?;
        Ok(Round { create, view })
    }
}

/// The same tokens in a fixed order that is far from that of their creation.
fn scattered(mut tokens: Vec<String>) -> Vec<String> {
    let count = tokens.len() as u64;
    (0..count).map(|place| mem::take(&mut tokens[permuted(place, count) as usize])).collect()
}
