//! The steps of a case, and their random choice. A failing case shrinks towards the first alternative of
//! each choice.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::{bool, option};

use crate::model::{A, Ask, B, DAY, Key, Passphrase, Terms};

/// Slots, each of which has the secret that was stored in it last.
pub(super) const SLOTS: u32 = 4;
/// The most steps of a case; so few that they take less than a day.
const STEPS: usize = 55;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// One command about a slot.
    Ask(u32, Ask),
    /// Several commands as one batch.
    AskAtOnce(Vec<(u32, Ask)>),
    /// Days pass.
    Wait(u32),
    /// The store closes, and another starts on the same content.
    Restart,
}

/// The steps of a case. Most concern the first slot, so that one secret goes through many states.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let call = || (prop_oneof![4 => Just(0), 1 => 1..SLOTS], ask());
    let days = prop_oneof![4 => Just(1), 3 => Just(2), 1 => Just(24), 1 => Just(48)];
    let step = prop_oneof![
        12 => call().prop_map(|(slot, ask)| Step::Ask(slot, ask)),
        3 => vec(call(), 2..6).prop_map(Step::AskAtOnce),
        4 => days.prop_map(Step::Wait),
        2 => Just(Step::Restart),
    ];
    vec(step, 1..=STEPS)
}

fn ask() -> impl Strategy<Value = Ask> {
    let passphrase = prop_oneof![2 => Just(Passphrase::Right), 3 => Just(Passphrase::Wrong)];
    let take = (option::weighted(0.7, key()), option::weighted(0.7, passphrase));
    prop_oneof![
        1 => Just(Ask::Peek),
        3 => Just(Ask::Inspect),
        3 => terms().prop_map(Ask::Create),
        8 => take.prop_map(|(key, passphrase)| Ask::Take { key, passphrase }),
        3 => key().prop_map(Ask::Acknowledge),
        1 => Just(Ask::Burn),
        1 => Just(Ask::Revoke),
        1 => Just(Ask::Purge),
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    let days = prop_oneof![2 => Just(1), 1 => Just(6), 1 => Just(30)];
    (days, bool::ANY, bool::ANY, option::of(key())).prop_map(
        |(days, has_passphrase, has_receipt, key)| {
            let lifetime = DAY * days;
            Terms { lifetime, has_passphrase, has_receipt, key }
        },
    )
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![2 => Just(A), 1 => Just(B)]
}
