//! The lag of erasing, and the creations that are refused because of it, while many secrets are stored
//! that live for a second.
//!
//! The service accepts no creation while an ended secret has waited for half of `store.erase_seconds`.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use futures_util::future;
use hdrhistogram::Histogram;
use hyper::StatusCode;
use hyper::body::Bytes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Outcome;
use crate::arguments::Plan;
use crate::client::{self, Connection};
use crate::common::table::Table;
use crate::common::times::{histogram, quantile};
use crate::server::Server;

const SETTINGS: [(&str, &str); 2] =
    [("VIEWONCE_STORE__ERASE_SECONDS", "5"), ("VIEWONCE_METRICS__BIND", "127.0.0.1:0")];
const CONNECTIONS: u64 = 1_024;
const BYTES: usize = 3_500;
/// The shortest lifetime: one second.
const TTL_HOURS: f64 = 1.0 / 3_600.0;
/// The load lasts as long as this many rounds, so that purges reach a steady state.
const ROUNDS: u32 = 10;
/// All secrets should be erased this long after the load: the last ones end after one second.
const AFTER: Duration = Duration::from_secs(6);
const SAMPLE_INTERVAL: Duration = Duration::from_millis(100);
/// The service's name for the lag, up to the number.
const LAG: &str = "viewonce_purge_lag_seconds ";
/// A part of the response to a creation that is refused for the time being.
const BUSY: &str = "\"/problems/busy\"";

/// Creations by their outcome, and the duration of the load.
struct Creations {
    stored: u64,
    refused: u64,
    elapsed: Duration,
}

/// Stores short-lived secrets and samples the lag meanwhile and afterwards.
pub(crate) async fn run(plan: &Plan) -> Outcome<()> {
    raise_open_files()?;
    let server = Server::fresh_with(&SETTINGS)?;
    server.wait_until_idle().await?;
    let mut metrics = client::connect(server.metrics.ok_or("the service has no metrics")?).await?;
    let time = ROUNDS * plan.time;
    let (creations, during) =
        future::try_join(create(server.address, time), sample(&mut metrics, time)).await?;
    let after = sample(&mut metrics, AFTER).await?;
    let last = lag(&mut metrics).await?;
    print(&creations, &during, &after, last);
    Ok(())
}

/// Lets this process open a socket for each connection.
fn raise_open_files() -> Outcome<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// Creates secrets for a time. Each connection sends its next creation after the previous response, also
/// after a refusal.
async fn create(address: SocketAddr, time: Duration) -> Outcome<Creations> {
    let opening = (0..CONNECTIONS).map(|_connection| client::connect(address));
    let connections = future::try_join_all(opening).await?;
    let content = "x".repeat(BYTES);
    let body = Bytes::from(format!("{{\"content\":\"{content}\",\"ttl_hours\":{TTL_HOURS}}}"));
    let (stored, refused) = (Cell::new(0), Cell::new(0));
    let started = Instant::now();
    let client = async |mut connection: Connection| -> Outcome<()> {
        while started.elapsed() < time {
            match client::send(&mut connection, client::creation(&body)).await? {
                (StatusCode::CREATED, _) => stored.update(|count| count + 1),
                (_, problem) if String::from_utf8_lossy(&problem).contains(BUSY) => {
                    refused.update(|count| count + 1);
                }
                (status, response) => return Err(client::unexpected(status, &response)),
            }
        }
        Ok(())
    };
    future::try_join_all(connections.into_iter().map(client)).await?;
    let elapsed = started.elapsed();
    Ok(Creations { stored: stored.get(), refused: refused.get(), elapsed })
}

/// Samples the lag for a time.
async fn sample(metrics: &mut Connection, time: Duration) -> Outcome<Histogram<u64>> {
    let mut lags = histogram()?;
    let end = Instant::now() + time;
    while Instant::now() < end {
        lags.saturating_record(u64::try_from(lag(metrics).await?.as_nanos())?);
        sleep(SAMPLE_INTERVAL).await;
    }
    Ok(lags)
}

/// How long the oldest ended secret has been waiting to be erased.
async fn lag(metrics: &mut Connection) -> Outcome<Duration> {
    let response = client::expect(metrics, client::metrics()).await?;
    let text = std::str::from_utf8(&response)?;
    let seconds = text.lines().find_map(|line| line.strip_prefix(LAG));
    let seconds = seconds.ok_or("the service reports no purge lag")?.parse()?;
    Ok(Duration::try_from_secs_f64(seconds)?)
}

fn print(creations: &Creations, during: &Histogram<u64>, after: &Histogram<u64>, last: Duration) {
    let mut table = Table::new(&[
        "creations/s",
        "refused/s",
        "lag p50 s",
        "lag p99 s",
        "greatest lag s",
        "greatest lag after the load s",
        "lag 6 s after the load s",
    ]);
    let per_second = |count: u64| format!("{:.0}", count as f64 / creations.elapsed.as_secs_f64());
    let lag = |lags, part| format!("{:.2}", quantile(lags, part) / 1e3);
    table.push([
        per_second(creations.stored),
        per_second(creations.refused),
        lag(during, 0.5),
        lag(during, 0.99),
        lag(during, 1.0),
        lag(after, 1.0),
        format!("{:.2}", last.as_secs_f64()),
    ]);
    let load = format!("{CONNECTIONS} connections, {BYTES} bytes");
    table.print(&format!("Lag of erasing secrets that live for a second ({load})"));
}
