//! Rounds of load, on the service and on the ceiling in turns.

use std::net::SocketAddr;

use indicatif::{ProgressBar, ProgressStyle};

use crate::load::{self, Run};
use crate::server::Server;
use crate::table::{self, Row};
use crate::{Outcome, Plan};

/// What one kind of request came to in one round.
pub(crate) struct Sample {
    pub(crate) run: Run,
    /// Microseconds of processor time for each request; none of a server that runs elsewhere.
    pub(crate) processor_us: Option<f64>,
}

/// Creations and the views of what they created.
pub(crate) struct Round {
    pub(crate) create: Sample,
    pub(crate) view: Sample,
}

/// Drives the instance at `address`.
pub(crate) async fn alone(address: SocketAddr, plan: &Plan) -> Outcome<()> {
    let progress = progress(plan);
    let mut rows = Vec::new();
    for &bytes in &plan.bytes {
        for &connections in &plan.connections {
            let mut row = Row::new(bytes, connections);
            for _round in 0..plan.rounds {
                row.service
                    .push(round(Target::Elsewhere(address), bytes, connections, plan).await?);
                progress.inc(1);
            }
            rows.push(row);
        }
    }
    progress.finish_and_clear();
    table::print(&rows);
    Ok(())
}

/// Compares the service with the ceiling.
pub(crate) async fn with_ceiling(plan: &Plan) -> Outcome<()> {
    let progress = progress(plan);
    let mut rows = Vec::new();
    for &bytes in &plan.bytes {
        let (service, ceiling) = (Server::viewonce()?, Server::ceiling(bytes)?);
        for &connections in &plan.connections {
            let mut row = Row::new(bytes, connections);
            for _round in 0..plan.rounds {
                let (service, ceiling) = (Target::Own(&service), Target::Own(&ceiling));
                row.service.push(round(service, bytes, connections, plan).await?);
                row.ceiling.push(round(ceiling, bytes, connections, plan).await?);
                progress.inc(1);
            }
            row.memory = Some(service.memory()?);
            rows.push(row);
        }
    }
    progress.finish_and_clear();
    table::print(&rows);
    Ok(())
}

/// What is driven.
#[derive(Clone, Copy)]
enum Target<'a> {
    Own(&'a Server),
    Elsewhere(SocketAddr),
}

impl Target<'_> {
    fn address(self) -> SocketAddr {
        match self {
            Self::Own(server) => server.address,
            Self::Elsewhere(address) => address,
        }
    }

    /// Measures a load together with the processor time that it takes.
    async fn measure<T>(
        self,
        load: impl Future<Output = Outcome<(Run, T)>>,
    ) -> Outcome<(Sample, T)> {
        let Self::Own(server) = self else {
            let (run, rest) = load.await?;
            return Ok((Sample { run, processor_us: None }, rest));
        };
        let before = server.processor_time()?;
        let (run, rest) = load.await?;
        let taken = server.processor_time()?.saturating_sub(before);
        let processor_us = Some(taken.as_secs_f64() * 1e6 / run.requests as f64);
        Ok((Sample { run, processor_us }, rest))
    }
}

async fn round(target: Target<'_>, bytes: u64, connections: u64, plan: &Plan) -> Outcome<Round> {
    let (address, bytes) = (target.address(), usize::try_from(bytes)?);
    let creations = load::create(address, connections, bytes, plan.time);
    let (create, tokens) = target.measure(creations).await?;
    let views = async { Ok((load::view(address, connections, tokens).await?, ())) };
    let (view, ()) = target.measure(views).await?;
    Ok(Round { create, view })
}

fn progress(plan: &Plan) -> ProgressBar {
    let rounds = plan.bytes.len() as u64 * plan.connections.len() as u64 * plan.rounds;
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} rounds, {eta} left");
    ProgressBar::new(rounds)
        .with_style(style.unwrap_or_else(|_invalid| ProgressStyle::default_bar()))
}
