//! The table of states and transitions, cell by cell: each command in each state of the model, and the
//! state after it.

use std::time::Duration;

use proptest::prelude::TestCaseError;

use crate::backend::Backend;
use crate::model::{A, Ask, B, DAY, Key, Passphrase, Secret, Terms};
use crate::property::{Case, STEP};

const HALF_A_DAY: Duration = Duration::from_hours(12);
/// Lifetimes shorter and longer than the retention of repeats and of creations.
const LIFETIMES: [Duration; 2] = [HALF_A_DAY, DAY.saturating_mul(6)];
/// The time that passes before the commands, and whether a purge follows. Half a day exceeds the
/// shorter lifetimes, two days exceed the retention of repeats and creations, and sixty days that of
/// receipts.
const AGES: [(Duration, bool); 6] = [
    (Duration::ZERO, false),
    (HALF_A_DAY, false),
    (HALF_A_DAY, true),
    (DAY.saturating_mul(2), false),
    (DAY.saturating_mul(2), true),
    (DAY.saturating_mul(60), false),
];
/// More than the number of secrets; retried creations have numbers above it.
const RETRIES: u32 = 1 << 16;

pub(super) async fn every_command_in_every_state_matches_the_table<S: Backend>() {
    for (age, is_purged) in AGES {
        let outcome = run_all(Case::start(S::fresh()), age, is_purged).await;
        outcome.unwrap_or_else(|error| panic!("after {age:?}, purged: {is_purged}: {error}"));
    }
}

/// Brings one secret into each state for each command, lets time pass, runs the commands, and checks
/// all secrets after a restart.
async fn run_all<S: Backend>(
    mut case: Case<S>,
    age: Duration,
    is_purged: bool,
) -> Result<(), TestCaseError> {
    let ways = terms().into_iter().flat_map(ways);
    let ways = ways.flat_map(|(terms, way)| commands(terms).map(move |ask| (way.clone(), ask)));
    let secrets: Vec<_> = (0..RETRIES).zip(ways).collect();
    let longest = secrets.iter().map(|(_, (way, _))| way.len()).max().unwrap();
    for index in 0..longest {
        let asks =
            secrets.iter().filter_map(|(number, (way, _))| Some((*number, *way.get(index)?)));
        case.ask_at_once(asks.map(|(number, ask)| (number, with_key(number, ask))).collect())
            .await?;
        case.pass(STEP);
    }
    case.pass(age);
    if is_purged {
        case.ask(RETRIES, Ask::Purge).await?;
    }
    let asks = secrets.iter().map(|&(number, (_, ask))| match ask {
        Ask::Create(_) => (number + RETRIES, with_key(number, ask)),
        ask => (number, ask),
    });
    // A pending watch is only detected when the store has processed everything else.
    let (watches, asks): (Vec<_>, _) = asks.partition(|(_, ask)| *ask == Ask::Watch);
    case.ask_at_once(asks).await?;
    for (number, watch) in watches {
        case.ask(number, watch).await?;
    }
    case.pass(STEP);
    case.restart().await?;
    case.check_all().await
}

fn terms() -> Vec<Terms> {
    let mut all = Vec::new();
    for lifetime in LIFETIMES {
        for has_passphrase in [false, true] {
            let terms = Terms { lifetime, has_passphrase, has_receipt: false, key: Some(A) };
            all.extend([terms, Terms { has_receipt: true, ..terms }]);
        }
    }
    all
}

/// The shortest paths to all states that commands can bring a secret of these terms into. Of two
/// viewers' keys, the first always wins.
fn ways(terms: Terms) -> Vec<(Terms, Vec<Ask>)> {
    let mut ways = vec![(Secret::default(), Vec::new())];
    let is_by_b = |ask| matches!(ask, Ask::Take { key: Some(B), .. });
    let mut next = 0;
    while let Some((secret, way)) = ways.get(next).cloned() {
        for ask in commands(terms) {
            let mut secret = secret;
            secret.step(ask, Duration::ZERO);
            if !is_by_b(ask) && ways.iter().all(|(known, _)| *known != secret) {
                ways.push((secret, [way.clone(), vec![ask]].concat()));
            }
        }
        next += 1;
    }
    ways.into_iter().map(|(_, way)| (terms, way)).collect()
}

/// All commands about one secret. A purge is excluded: it concerns all secrets.
fn commands(terms: Terms) -> impl Iterator<Item = Ask> {
    let keys = [None, Some(A), Some(B)];
    let passphrases = [None, Some(Passphrase::Right), Some(Passphrase::Wrong)];
    let takes = keys
        .into_iter()
        .flat_map(move |key| passphrases.map(|passphrase| Ask::Take { key, passphrase }));
    let others = [
        Ask::Create(terms),
        Ask::Acknowledge(A),
        Ask::Acknowledge(B),
        Ask::Burn,
        Ask::Revoke,
        Ask::Peek,
        Ask::Inspect,
        Ask::Watch,
    ];
    others.into_iter().chain(takes)
}

/// This command, with a separate creation key for each secret.
fn with_key(number: u32, ask: Ask) -> Ask {
    match ask {
        Ask::Create(terms) => Ask::Create(Terms { key: Some(Key(number)), ..terms }),
        ask => ask,
    }
}
