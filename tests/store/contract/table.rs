//! The table of states and transitions, cell by cell: each command in each state of the model, and what
//! is there afterwards.

use std::time::Duration;

use proptest::prelude::TestCaseError;

use crate::backend::Backend;
use crate::model::{A, Ask, B, DAY, Key, Passphrase, Secret, Terms};
use crate::property::{Case, STEP};

const HALF_A_DAY: Duration = Duration::from_hours(12);
/// Lifetimes that are shorter and longer than repeats are kept and creations are remembered.
const LIFETIMES: [Duration; 2] = [HALF_A_DAY, DAY.saturating_mul(6)];
/// The time that passes before the commands, and whether a purge follows it. After half a day the
/// shorter lives are over, after two days repeats and the memory of creations, after sixty days
/// receipts.
const AGES: [(Duration, bool); 6] = [
    (Duration::ZERO, false),
    (HALF_A_DAY, false),
    (HALF_A_DAY, true),
    (DAY.saturating_mul(2), false),
    (DAY.saturating_mul(2), true),
    (DAY.saturating_mul(60), false),
];
/// More than the number of secrets; retries of their creations have numbers above it.
const RETRIES: u32 = 1 << 16;

pub(super) async fn every_command_in_every_state_does_what_the_table_says<S: Backend>() {
    for (age, is_purged) in AGES {
        let outcome = walk(Case::start(S::fresh()), age, is_purged).await;
        outcome.unwrap_or_else(|error| panic!("after {age:?}, purged: {is_purged}: {error}"));
    }
}

/// Brings a secret of its own into each state for each command, lets time pass, runs the commands,
/// and looks at all secrets after a restart.
async fn walk<S: Backend>(
    mut case: Case<S>,
    age: Duration,
    is_purged: bool,
) -> Result<(), TestCaseError> {
    let ways = terms().into_iter().flat_map(ways);
    let ways = ways.flat_map(|(terms, way)| commands(terms).map(move |ask| (way.clone(), ask)));
    let secrets: Vec<_> = (0..RETRIES).zip(ways).collect();
    let longest = secrets.iter().map(|(_, (way, _))| way.len()).max().unwrap();
    for turn in 0..longest {
        let asks = secrets.iter().filter_map(|(number, (way, _))| Some((*number, *way.get(turn)?)));
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
    // Whether a watch waits is seen when the store has nothing else to do.
    let (watches, asks): (Vec<_>, _) = asks.partition(|(_, ask)| *ask == Ask::Watch);
    case.ask_at_once(asks).await?;
    for (number, watch) in watches {
        case.ask(number, watch).await?;
    }
    case.pass(STEP);
    case.restart().await?;
    case.look().await
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

/// The shortest ways into all states that commands bring a secret of these terms into; of two keys of
/// viewers it is always the first that wins.
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

/// All that can be asked about a secret, but for a purge, which is about all of them.
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

/// This, with a key of its own for the creation of each secret.
fn with_key(number: u32, ask: Ask) -> Ask {
    match ask {
        Ask::Create(terms) => Ask::Create(Terms { key: Some(Key(number)), ..terms }),
        ask => ask,
    }
}
