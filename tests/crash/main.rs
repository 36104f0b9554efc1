//! Crash tests in the manner of Jepsen: a server is stopped at random instants under load, while the
//! clients record every request and answer. The record of each secret is then checked against a model of
//! its states.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod checker;
mod experiment;
#[path = "../support/fault_injection.rs"]
mod fault_injection;
mod figures;
mod history;
mod known_histories;
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

/// Kills per clean stop: a clean stop waits up to a second for open connections.
const KILLS_FOR_A_STOP: usize = 4;
/// Number of power cuts of a disk that ignores syncs. Before the first cut, syncs still work.
const CUTS_WITHOUT_SYNCS: usize = 6;
/// Violations that are printed in full.
const PRINTED: usize = 3;

/// Stops servers at random instants, again and again, and checks that no secret is lost, shown twice or
/// misreported.
#[derive(Parser)]
#[command(
    override_usage = "cargo test --test crash -- [OPTIONS] [FILTER]",
    help_template = "{about}\n\nUsage: {usage}\n\n{all-args}"
)]
struct Options {
    #[command(flatten)]
    tests: libtest_mimic::Arguments,
    /// How many kills or power cuts a trial makes (clean stops: a quarter as many)
    #[arg(long, value_name = "N", default_value_t = 60, help_heading = "The experiments")]
    cycles: usize,
    /// Number of concurrent clients
    #[arg(long, value_name = "N", default_value_t = 12, help_heading = "The experiments")]
    clients: usize,
    /// Seed of everything random except the timing, as printed by a trial [default: random]
    #[arg(long, value_name = "S", help_heading = "The experiments")]
    seed: Option<u64>,
}

fn main() {
    let Options { tests, cycles, clients, seed } = Options::parse();
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let plan = Plan { cycles, clients, seed };
    let experiments = [
        finds_no_violation("no_kill_loses_or_repeats_a_secret", plan, End::Kill),
        finds_no_violation("no_power_cut_loses_or_repeats_a_secret", plan, End::PowerCut),
        finds_no_violation(
            "a_clean_stop_leaves_no_outcome_uncertain",
            Plan { cycles: cycles.div_ceil(KILLS_FOR_A_STOP), ..plan },
            End::Stop,
        ),
        finds_violations(
            "a_disk_that_ignores_syncs_causes_violations",
            Plan { cycles: CUTS_WITHOUT_SYNCS, ..plan },
            End::PowerCutWithoutSyncs,
        ),
    ];
    let trials = known_histories::trials().chain(experiments).collect();
    libtest_mimic::run(&tests, trials).exit();
}

/// An experiment that must find no violation.
fn finds_no_violation(name: &'static str, plan: Plan, end: End) -> Trial {
    Trial::test(name, move || {
        let Report { figures, violations } = run(name, plan, end)?;
        print_line(&format!("{name}: {figures}"));
        if violations.is_empty() { Ok(()) } else { Err(failed(plan.seed, &violations)) }
    })
}

/// An experiment that must find a violation, to show that violations are detected.
fn finds_violations(name: &'static str, plan: Plan, end: End) -> Trial {
    Trial::test(name, move || {
        let Report { figures, violations } = run(name, plan, end)?;
        let all = violations.len();
        print_line(&format!("{name}: {figures}; {all} violations, as there must be"));
        if all > 0 { Ok(()) } else { Err(failed(plan.seed, &["none was found".to_owned()])) }
    })
}

fn run(name: &str, plan: Plan, end: End) -> Result<Report, Failed> {
    let seed = plan.seed;
    print_line(&format!("{name}: --seed {seed}"));
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // A server that does not start again panics, for example.
    let outcome = catch_unwind(|| runtime.block_on(Experiment::new(plan, end).run()));
    let outcome = outcome.unwrap_or_else(|_panic| Err("a panic, shown above".to_owned()));
    outcome.map_err(|error| failed(seed, &[error]))
}

/// Prints a line in one write, because trials run in parallel.
fn print_line(line: &str) {
    eprint!("{}", [line, "\n"].concat());
}

fn failed(seed: u64, violations: &[String]) -> Failed {
    let (all, first) = (violations.len(), violations[..violations.len().min(PRINTED)].join("\n"));
    Failed::from(format!("with --seed {seed}, {all} violations, such as\n{first}"))
}
