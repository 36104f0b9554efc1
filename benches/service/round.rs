//! A round: creations, then views, and what both took.

use std::net::SocketAddr;

use crate::Outcome;
use crate::load::{self, Run, Way};
use crate::server::Server;

/// What one kind of request came to in one round.
pub(crate) struct Sample {
    pub(crate) run: Run,
    /// The cost on this machine; `None` for a server that runs elsewhere.
    pub(crate) cost: Option<Cost>,
}

/// What a load took.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Microseconds of processor time for each request.
    pub(crate) processor_us: f64,
    /// The most anonymous memory, in bytes.
    pub(crate) memory: u64,
}

/// Creations, and views of what they created or of what was there before.
pub(crate) struct Round {
    pub(crate) create: Sample,
    pub(crate) view: Sample,
}

/// What is driven.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    Own(&'a Server),
    Elsewhere(SocketAddr),
}

impl Target<'_> {
    /// Where it is, for so many connections.
    pub(crate) fn way(self, connections: u64) -> Way {
        let address = match self {
            Self::Own(server) => server.address,
            Self::Elsewhere(address) => address,
        };
        Way { address, connections }
    }

    /// Measures a load together with what it takes.
    pub(crate) async fn measure<T>(
        self,
        load: impl Future<Output = Outcome<(Run, T)>>,
    ) -> Outcome<(Sample, T)> {
        let Self::Own(server) = self else {
            let (run, rest) = load.await?;
            return Ok((Sample { run, cost: None }, rest));
        };
        let before = server.processor_time()?;
        let ((run, rest), memory) = server.peak_memory(load).await?;
        let taken = server.processor_time()?.saturating_sub(before);
        let processor_us = taken.as_secs_f64() * 1e6 / run.requests() as f64;
        Ok((Sample { run, cost: Some(Cost { processor_us, memory }) }, rest))
    }

    /// Views the secrets of these tokens, and measures it.
    pub(crate) async fn view(
        self,
        way: Way,
        tokens: impl Iterator<Item = String>,
    ) -> Outcome<Sample> {
        let views = async { Ok((load::view(way, tokens, || true).await?, ())) };
        Ok(self.measure(views).await?.0)
    }
}
