//! Views during a purge of expired secrets, compared with views after it.
//!
//! Each round adds expired secrets while no server uses the store, and then starts a server, whose
//! janitor purges at once. The same server is measured again after the purge.

use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;

use crate::Outcome;
use crate::arguments::Plan;
use crate::common::prefilled::Prefilled;
use crate::common::progress::bar;
use crate::common::rows::Rows;
use crate::common::table::{Table, grouped, median, spread};
use crate::latency;
use crate::load;
use crate::round::{Sample, Target};
use crate::server::Server;

const CONNECTIONS: u64 = 64;
/// Limits the rounds, because adding and purging the expired secrets takes long.
const ROUNDS_AT_MOST: u64 = 3;
/// A purge that takes longer has failed.
const PURGE_AT_MOST: Duration = Duration::from_mins(15);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The results of one round.
struct Pair {
    during: Sample,
    after: Sample,
    purge: Duration,
}

/// Compares views during and after a purge, on the first store that is not empty.
pub(crate) async fn run(plan: &Plan) -> Outcome<()> {
    let Some(mut living) = Rows::first_living(&plan.rows).await? else { return Ok(()) };
    let mut pairs = Vec::new();
    let rounds = plan.rounds.min(ROUNDS_AT_MOST);
    let progress = bar("views during a purge", rounds);
    for _round in 0..rounds {
        let Rows::Living(prefilled) = &living else { return Ok(()) };
        prefilled.add_expired(plan.expired).await?;
        pairs.push(pair(&mut living, plan).await?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    print(&pairs, living.count(), plan.expired);
    Ok(())
}

async fn pair(rows: &mut Rows, plan: &Plan) -> Outcome<Pair> {
    let server = Server::on(rows)?;
    let started = Instant::now();
    let Rows::Living(prefilled) = rows else { return Err("an empty store".into()) };
    let is_purging = || server.purged() == 0;
    let during = views(&server, prefilled, plan, is_purging).await?;
    while is_purging() {
        if started.elapsed() > PURGE_AT_MOST {
            return Err("the purge did not end within 15 minutes".into());
        }
        sleep(POLL_INTERVAL).await;
    }
    let purge = started.elapsed();
    server.wait_until_idle().await?;
    let after = views(&server, prefilled, plan, || true).await?;
    Ok(Pair { during, after, purge })
}

/// Views secrets for the time of a round, or until `keep_going` returns false.
async fn views(
    server: &Server,
    prefilled: &mut Prefilled,
    plan: &Plan,
    keep_going: impl Fn() -> bool,
) -> Outcome<Sample> {
    let target = Target::Own(server);
    let end = Instant::now() + plan.time;
    let keep_going = || Instant::now() < end && keep_going();
    let views = async {
        Ok((load::view(target.connections(CONNECTIONS), prefilled.tokens(), keep_going).await?, ()))
    };
    Ok(target.measure(views).await?.0)
}

fn print(pairs: &[Pair], living: u64, expired: u64) {
    let during: Vec<&Sample> = pairs.iter().map(|pair| &pair.during).collect();
    let after: Vec<&Sample> = pairs.iter().map(|pair| &pair.after).collect();
    let mut table = Table::new(&[
        "views",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "p99 vs after the purge",
        "p99.9 ms",
        "peak MiB",
    ]);
    for (name, samples) in [("during the purge", &during), ("after the purge", &after)] {
        let [p50, p99, p999] = latency::quantiles(samples);
        table.push([
            name.to_owned(),
            latency::per_second(samples),
            p50,
            p99,
            spread(&latency::ratios(samples, &after, latency::p99)),
            p999,
            latency::peak_memory(samples),
        ]);
    }
    let (expired, living) = (grouped(expired), grouped(living));
    table.print(&format!(
        "Views while {expired} expired secrets are purged, beside {living} unexpired"
    ));
    let seconds = median(pairs.iter().map(|pair| pair.purge.as_secs_f64()));
    println!("\nFrom the start of the server to the end of the purge: {seconds:.1} s.");
}
