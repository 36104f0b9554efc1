//! A round of creations and views, and the resources that they take.

use std::net::SocketAddr;

use crate::Outcome;
use crate::load::{self, Connections, Run};
use crate::server::Server;

/// The result of one kind of request in one round.
pub(crate) struct Sample {
    pub(crate) run: Run,
    /// `None` for an external instance, whose process cannot be observed.
    pub(crate) cost: Option<Cost>,
}

/// The resources that the server took for a load.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Processor time for each request, in microseconds.
    pub(crate) processor_us: f64,
    /// The peak of anonymous memory, in bytes.
    pub(crate) memory: u64,
}

/// Creations, and views of the created secrets.
pub(crate) struct Round {
    pub(crate) create: Sample,
    pub(crate) view: Sample,
}

/// The server under load.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    Own(&'a Server),
    External(SocketAddr),
}

impl Target<'_> {
    /// A load's connections to this server.
    pub(crate) fn connections(self, count: u64) -> Connections {
        let address = match self {
            Self::Own(server) => server.address,
            Self::External(address) => address,
        };
        Connections { address, count }
    }

    /// Runs a load and measures the resources that the server takes for it.
    pub(crate) async fn measure<T>(
        self,
        load: impl Future<Output = Outcome<(Run, T)>>,
    ) -> Outcome<(Sample, T)> {
        let Self::Own(server) = self else {
            let (run, output) = load.await?;
            return Ok((Sample { run, cost: None }, output));
        };
        let before = server.processor_time()?;
        let ((run, output), memory) = server.peak_memory(load).await?;
        let taken = server.processor_time()?.saturating_sub(before);
        let processor_us = taken.as_secs_f64() * 1e6 / run.requests() as f64;
        Ok((Sample { run, cost: Some(Cost { processor_us, memory }) }, output))
    }

    /// Measures views of the secrets of these tokens.
    pub(crate) async fn view(
        self,
        connections: Connections,
        tokens: impl Iterator<Item = String>,
    ) -> Outcome<Sample> {
        let views = async { Ok((load::view(connections, tokens, || true).await?, ())) };
        Ok(self.measure(views).await?.0)
    }
}
