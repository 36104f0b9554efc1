//! The service under load: the real binary against a bare actix-web handler that stores nothing, in
//! turns within one run; or any instance that runs somewhere.
//!
//! `cargo bench --bench service -- --help` tells what can be asked of it.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it is a program that prints what it measured, to a few digits"
)]

mod ceiling;
mod compare;
mod load;
mod race;
mod server;
mod table;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::rt::System;
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use url::Url;

/// What goes wrong ends the program, and is told.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// Measures the service under load: creations and views in a closed loop, each connection sending
/// its next request when the last is answered. Without --url, it starts the service itself and
/// compares it with a bare handler that stores nothing, in turns.
#[derive(Parser)]
#[command(name = "cargo bench --bench service --")]
struct Arguments {
    /// Drive the instance at this address, as in `http://localhost:8000`, and compare nothing
    #[arg(long, value_parser = listening_at)]
    url: Option<SocketAddr>,
    /// Connections that are open at a time
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256", value_parser = at_least_one())]
    connections: Vec<u64>,
    /// Bytes of a content
    #[arg(long, value_delimiter = ',', default_value = "100,4096,65536", value_parser = at_least_one())]
    bytes: Vec<u64>,
    /// Seconds of creations a round; what they created is viewed after
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Rounds, of which the medians are told
    #[arg(long, default_value_t = 5, value_parser = at_least_one())]
    rounds: u64,
    /// Have so many readers ask for each of 1,000 secrets at once; fails if two get one
    #[arg(long, value_name = "READERS", value_parser = at_least_one())]
    race: Option<u64>,
    /// Be the bare handler, answering views with a content of so many bytes
    #[arg(long, hide = true, value_name = "BYTES")]
    ceiling: Option<usize>,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
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

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let Arguments { ceiling, race, url, .. } = arguments;
    System::new().block_on(async {
        match (ceiling, race, url) {
            (Some(bytes), _, _) => ceiling::serve(bytes).await,
            (None, Some(readers), address) => race::run(address, readers).await,
            (None, None, Some(address)) => compare::alone(address, &arguments.plan()).await,
            (None, None, None) => compare::with_ceiling(&arguments.plan()).await,
        }
    })
}

/// What is to be measured.
struct Plan {
    connections: Vec<u64>,
    bytes: Vec<u64>,
    time: Duration,
    rounds: u64,
}

impl Arguments {
    fn plan(self) -> Plan {
        let Self { connections, bytes, seconds, rounds, .. } = self;
        Plan { connections, bytes, time: Duration::from_secs_f64(seconds), rounds }
    }
}
