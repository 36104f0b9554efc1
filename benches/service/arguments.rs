//! What can be asked of the program.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};
use url::Url;

/// Measures the service under load: creations and views in a closed loop, each connection sending
/// its next request when the last is answered. Without --url, it starts the service itself and
/// compares it with a bare handler that stores nothing, in turns.
#[derive(Parser)]
#[command(name = "service", bin_name = "cargo bench --bench service --")]
pub(crate) struct Arguments {
    /// Drive the instance at this address, as in `http://localhost:8000`, and compare nothing
    #[arg(long, value_parser = listening_at)]
    pub(crate) url: Option<SocketAddr>,
    /// Measure these parts alone
    #[arg(long, value_name = "PART", value_delimiter = ',', conflicts_with = "url")]
    pub(crate) only: Vec<Part>,
    /// Connections that are open at a time
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256", value_parser = at_least_one())]
    connections: Vec<u64>,
    /// Bytes of a content
    #[arg(long, value_delimiter = ',', default_value = "100,4096,65536", value_parser = at_least_one())]
    bytes: Vec<u64>,
    /// Secrets in the store before a measurement. Stores are filled once and kept: 10000000 take some
    /// minutes and about 11 GB [default: 0,1000000, and 10000000 if such a store exists]
    #[arg(long, value_delimiter = ',', conflicts_with = "url")]
    rows: Vec<u64>,
    /// Expired secrets that are purged while views are measured
    #[arg(long, default_value_t = 1_000_000, conflicts_with = "url", value_parser = at_least_one())]
    expired: u64,
    /// Seconds of creations a round; what they created is viewed after
    #[arg(long, default_value = "2", value_parser = seconds)]
    seconds: Duration,
    /// Rounds, of which the medians are told
    #[arg(long, default_value_t = 5, value_parser = at_least_one())]
    rounds: u64,
    /// Draw charts of latency and of throughput into this folder, as SVG
    #[arg(long, value_name = "FOLDER")]
    pub(crate) charts: Option<PathBuf>,
    /// Only let so many readers request each of 1,000 secrets at once; fails if two get the same one
    #[arg(long, value_name = "READERS", value_parser = at_least_one())]
    pub(crate) race: Option<u64>,
    /// Run the bare handler, which answers views with a content of so many bytes
    #[arg(long, hide = true, value_name = "BYTES")]
    pub(crate) ceiling: Option<usize>,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// A part of the whole comparison.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// By the size of contents and the number of connections, beside the bare handler and the disk
    Load,
    /// By the number of secrets in the store
    Rows,
    /// Views while expired secrets are being purged
    Purge,
    /// Small contents beside large ones
    Large,
    /// The time to start, and the memory when idle
    Start,
    /// Many readers of one secret at once
    Race,
}

/// What is to be measured, and how long.
pub(crate) struct Plan {
    pub(crate) connections: Vec<u64>,
    pub(crate) bytes: Vec<u64>,
    pub(crate) rows: Vec<u64>,
    pub(crate) expired: u64,
    pub(crate) time: Duration,
    pub(crate) rounds: u64,
}

impl Arguments {
    /// Whether a part is to be measured.
    pub(crate) fn includes(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan {
            connections: self.connections.clone(),
            bytes: self.bytes.clone(),
            rows: self.rows.clone(),
            expired: self.expired,
            time: self.seconds,
            rounds: self.rounds,
        }
    }
}

impl Plan {
    /// How many sizes there are, with so many connections each.
    pub(crate) const fn cells(&self) -> u64 {
        self.bytes.len() as u64 * self.connections.len() as u64
    }
}

/// Where the server of a plain HTTP address listens.
fn listening_at(text: &str) -> Result<SocketAddr, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if url.scheme() != "http" {
        return Err("expected an address that begins with http://".to_owned());
    }
    let addresses = url.socket_addrs(|| None).map_err(|error| error.to_string())?;
    addresses.first().copied().ok_or_else(|| "there is no such host".to_owned())
}

fn at_least_one() -> RangedU64ValueParser {
    clap::value_parser!(u64).range(1..)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|time| !time.is_zero()).ok_or_else(|| "expected a number over 0".to_owned())
}
