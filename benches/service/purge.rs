//! Views while expired secrets are being purged, beside views when there are none.
//!
//! Each round adds the expired ones while no server has the store, and starts one: its janitor
//! begins at once. The same server is measured again when the purge is over.

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
/// Adding and purging the expired secrets takes long, so there are no more rounds than these.
const ROUNDS_AT_MOST: u64 = 3;
/// A purge that takes longer has failed.
const PURGE_AT_MOST: Duration = Duration::from_mins(15);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One round.
struct Pair {
    during: Sample,
    after: Sample,
    purge: Duration,
}

/// Compares views with and without a purge, on the first store that is not empty.
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
    let is_under_way = || server.purged() == 0;
    let during = views(&server, prefilled, plan, is_under_way).await?;
    while is_under_way() {
        if started.elapsed() > PURGE_AT_MOST {
            return Err("the purge does not end".into());
        }
        sleep(LOOK_EVERY).await;
    }
    let purge = started.elapsed();
    server.rest().await?;
    let after = views(&server, prefilled, plan, || true).await?;
    Ok(Pair { during, after, purge })
}

/// Views for the time of a round, or for as long as it `goes_on`.
async fn views(
    server: &Server,
    prefilled: &mut Prefilled,
    plan: &Plan,
    goes_on: impl Fn() -> bool,
) -> Outcome<Sample> {
    let target = Target::Own(server);
    let end = Instant::now() + plan.time;
    let goes_on = || Instant::now() < end && goes_on();
    let views =
        async { Ok((load::view(target.way(CONNECTIONS), prefilled.tokens(), goes_on).await?, ())) };
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
        "of the last's",
        "p99.9 ms",
        "peak MiB",
    ]);
    for (name, samples) in [("during the purge", &during), ("when it is over", &after)] {
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
        "Views while {expired} expired secrets are purged, beside {living} living"
    ));
    let seconds = median(pairs.iter().map(|pair| pair.purge.as_secs_f64()));
    println!("\nFrom the start of the server to the end of the purge: {seconds:.1} s.");
}
