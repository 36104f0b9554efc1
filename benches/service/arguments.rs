//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};
use url::Url;

/// Measures the service under load: creations and views in a closed loop, in which each connection
/// sends its next request after the previous response. Without --url, it starts the service and
/// compares it with a bare handler that stores nothing, in alternating rounds.
#[derive(Parser)]
#[command(name = "service", bin_name = "cargo bench --bench service --")]
pub(crate) struct Arguments {
    /// Measure the instance at this address, such as `http://localhost:8000`, without a comparison
    #[arg(long, value_parser = socket_address)]
    pub(crate) url: Option<SocketAddr>,
    /// Measure only these parts
    #[arg(long, value_name = "PART", value_delimiter = ',', conflicts_with = "url")]
    pub(crate) only: Vec<Part>,
    /// Concurrent connections
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256", value_parser = at_least_one())]
    connections: Vec<u64>,
    /// Size of the content in bytes
    #[arg(long, value_delimiter = ',', default_value = "100,4096,65536", value_parser = at_least_one())]
    bytes: Vec<u64>,
    /// Secrets in the store before a measurement. Stores are filled once and kept: 10000000 secrets
    /// take two minutes and 2.4 GB [default: 0,1000000, and 10000000 if such a store exists]
    #[arg(long, value_delimiter = ',', conflicts_with = "url")]
    rows: Vec<u64>,
    /// Expired secrets to purge while views are measured
    #[arg(long, default_value_t = 1_000_000, conflicts_with = "url", value_parser = at_least_one())]
    expired: u64,
    /// Seconds of creations in a round; the created secrets are viewed afterwards. The part lag lasts
    /// ten times as long
    #[arg(long, default_value = "2", value_parser = seconds)]
    seconds: Duration,
    /// Rounds; the medians are printed
    #[arg(long, default_value_t = 5, value_parser = at_least_one())]
    rounds: u64,
    /// Write SVG charts of latency and throughput to this folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) charts: Option<PathBuf>,
    /// Only run the race: this many readers request each of 1,000 secrets at once. Fails unless exactly
    /// one reader gets each secret
    #[arg(long, value_name = "READERS", value_parser = at_least_one())]
    pub(crate) race: Option<u64>,
    /// Run the bare handler, which answers views with a content of this many bytes
    #[arg(long, hide = true, value_name = "BYTES")]
    pub(crate) ceiling: Option<usize>,
    /// Passed by cargo to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// A part of the comparison.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// By the size of contents and the number of connections, with views in the order of creation and
    /// in random order, beside the bare handler and the disk
    Load,
    /// By the number of secrets in the store
    Rows,
    /// Views while expired secrets are purged
    Purge,
    /// The lag of erasing while 1,024 connections store secrets that live for a second
    Lag,
    /// Small contents beside concurrent large ones
    Large,
    /// Startup time and idle memory
    Start,
    /// Bytes of the store's files for each secret, with at least 100,000 secrets of 100 bytes
    Size,
    /// Concurrent readers of one secret
    Race,
}

/// The sizes of a measurement.
pub(crate) struct Plan {
    pub(crate) connections: Vec<u64>,
    pub(crate) bytes: Vec<u64>,
    pub(crate) rows: Vec<u64>,
    pub(crate) expired: u64,
    pub(crate) time: Duration,
    pub(crate) rounds: u64,
}

impl Arguments {
    /// Whether to measure a part.
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
    /// The number of combinations of size and connections.
    pub(crate) const fn cells(&self) -> u64 {
        self.bytes.len() as u64 * self.connections.len() as u64
    }
}

/// Resolves the address of an `http://` URL.
fn socket_address(text: &str) -> Result<SocketAddr, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if url.scheme() != "http" {
        return Err("expected a URL that begins with http://".to_owned());
    }
    let addresses = url.socket_addrs(|| None).map_err(|error| error.to_string())?;
    addresses.first().copied().ok_or_else(|| "unknown host".to_owned())
}

fn at_least_one() -> RangedU64ValueParser {
    clap::value_parser!(u64).range(1..)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|time| !time.is_zero())
        .ok_or_else(|| "expected a number greater than 0".to_owned())
}
