//! Crashes, and whether what clients were told before and after them can be: a server is ended at
//! random instants under the load of clients that record all they ask and are told, in the manner of
//! Jepsen. Of every secret, the record is then checked against a model of what it goes through.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod checker;
mod experiment;
mod figures;
mod history;
#[path = "../support/layer.rs"]
mod layer;
mod made_up;
#[path = "../support/model.rs"]
mod model;
#[path = "../support/process.rs"]
mod process;
mod workload;

use std::panic::catch_unwind;

use clap::Parser;
use libtest_mimic::{Failed, Trial};
use tokio::runtime::Builder;

use experiment::{End, Experiment, Plan, Report};

/// Kills for each request to stop, after which a server waits up to a second for its connections.
const KILLS_FOR_A_STOP: usize = 4;
/// Cuts of the power of a disk that lies; the first one is honest.
const LIES: usize = 6;
/// Violations that are told in full.
const TOLD: usize = 3;

/// Ends servers at random instants, again and again, and checks that no secret is lost, seen twice, or
/// told of wrongly.
#[derive(Parser)]
#[command(
    override_usage = "cargo test --test crash -- [OPTIONS] [FILTER]",
    help_template = "{about}\n\nUsage: {usage}\n\n{all-args}"
)]
struct Options {
    #[command(flatten)]
    tests: libtest_mimic::Arguments,
    /// How often a trial kills its server, or cuts its power; it asks one to stop a quarter as often
    #[arg(long, value_name = "N", default_value_t = 60, help_heading = "The experiments")]
    cycles: usize,
    /// Clients that a server has at a time
    #[arg(long, value_name = "N", default_value_t = 12, help_heading = "The experiments")]
    clients: usize,
    /// What all that is random follows from, but for the timing; as a trial prints it. Random unless
    /// given
    #[arg(long, value_name = "S", help_heading = "The experiments")]
    seed: Option<u64>,
}

fn main() {
    let Options { tests, cycles, clients, seed } = Options::parse();
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let plan = Plan { cycles, clients, seed };
    let experiments = [
        holds("no_kill_loses_or_doubles_anything", plan, End::Kill),
        holds("no_power_cut_loses_or_doubles_anything", plan, End::PowerCut),
        holds(
            "nothing_is_uncertain_after_a_request_to_stop",
            Plan { cycles: cycles.div_ceil(KILLS_FOR_A_STOP), ..plan },
            End::Stop,
        ),
        is_noticed(
            "a_disk_that_lies_about_syncs_is_noticed",
            Plan { cycles: LIES, ..plan },
            End::PowerCutOfALyingDisk,
        ),
    ];
    let trials = made_up::trials().chain(experiments).collect();
    libtest_mimic::run(&tests, trials).exit();
}

/// An experiment that finds no violation.
fn holds(name: &'static str, plan: Plan, end: End) -> Trial {
    Trial::test(name, move || {
        let Report { figures, violations } = run(name, plan, end)?;
        say(&format!("{name}: {figures}"));
        if violations.is_empty() { Ok(()) } else { Err(told(plan.seed, &violations)) }
    })
}

/// An experiment that must find a violation, which shows that one that is there is found.
fn is_noticed(name: &'static str, plan: Plan, end: End) -> Trial {
    Trial::test(name, move || {
        let Report { figures, violations } = run(name, plan, end)?;
        let all = violations.len();
        say(&format!("{name}: {figures}; {all} violations, as there must be"));
        if all > 0 { Ok(()) } else { Err(told(plan.seed, &["none was found".to_owned()])) }
    })
}

fn run(name: &str, plan: Plan, end: End) -> Result<Report, Failed> {
    let seed = plan.seed;
    say(&format!("{name}: --seed {seed}"));
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // As where a server does not start any more, which its panic tells.
    let outcome = catch_unwind(|| runtime.block_on(Experiment::new(plan, end).run()));
    let outcome = outcome.unwrap_or_else(|_panic| Err("a panic, as it is told above".to_owned()));
    outcome.map_err(|error| told(seed, &[error]))
}

/// Says a line as a whole, beside the lines of other trials.
fn say(line: &str) {
    eprint!("{}", [line, "\n"].concat());
}

fn told(seed: u64, violations: &[String]) -> Failed {
    let (all, first) = (violations.len(), violations[..violations.len().min(TOLD)].join("\n"));
    Failed::from(format!("with --seed {seed}, {all} violations, such as\n{first}"))
}
