//! Histories in which each request ends before the next is invoked.

use super::{A, B, CREATE, CREATE_PROTECTED, reveal, unlock, wrong};
use crate::model::{ATTEMPTS, Answer, Ask, Fate, Passphrase};

use Answer::{Content, Created, CreatedAnother, Done, NotFound};
use Ask::{Acknowledge, Burn, Inspect, Revoke, Status, View};

const AVAILABLE: Answer = Answer::Available { needs_passphrase: false };
const PENDING: Answer = Answer::Fate(Fate::Pending);
const VIEWED: Answer = Answer::Fate(Fate::Viewed);
const BURNED: Answer = Answer::Fate(Fate::Burned);
const LOCKED: Answer = Answer::Fate(Fate::Locked);

/// The name of a trial, and what is asked and answered in it.
type Case = (&'static str, &'static [(Ask, Answer)]);

/// What can be.
pub(super) const POSSIBLE: &[Case] = &[
    ("the_checker_accepts_a_view", &[(CREATE, Created), (View, Content), (View, NotFound)]),
    (
        "the_checker_accepts_a_repeat_until_it_is_acknowledged",
        &[
            (CREATE, Created),
            (Acknowledge(A), NotFound),
            (reveal(A), Content),
            (reveal(B), NotFound),
            (reveal(A), Content),
            (View, NotFound),
            (Acknowledge(B), NotFound),
            (Acknowledge(A), Done),
            (reveal(A), NotFound),
            (Inspect, VIEWED),
        ],
    ),
    (
        "the_checker_accepts_burns_of_every_kind",
        &[
            (CREATE, Created),
            (Inspect, PENDING),
            (Status, AVAILABLE),
            (Revoke, Done),
            (Revoke, Done),
            (Burn, NotFound),
            (Status, NotFound),
            (CREATE, Created),
            (View, NotFound),
            (Inspect, BURNED),
        ],
    ),
    (
        "the_checker_accepts_wrong_passphrases_until_the_last",
        &[
            (CREATE_PROTECTED, Created),
            (Status, Answer::Available { needs_passphrase: true }),
            (View, Answer::PassphraseRequired),
            (unlock(Passphrase::Wrong), wrong(ATTEMPTS - 1)),
            (unlock(Passphrase::Wrong), wrong(ATTEMPTS - 2)),
            (unlock(Passphrase::Right), NotFound),
            (Revoke, Answer::Ended(Fate::Locked)),
            (Inspect, LOCKED),
        ],
    ),
];

/// What must not be.
pub(super) const REFUSED: &[Case] = &[
    ("the_checker_refuses_two_views", &[(CREATE, Created), (View, Content), (View, Content)]),
    ("the_checker_refuses_a_loss", &[(CREATE, Created), (Status, NotFound)]),
    ("the_checker_refuses_a_loss_of_the_receipt", &[(CREATE, Created), (Inspect, NotFound)]),
    ("the_checker_refuses_a_view_of_nothing", &[(View, Content)]),
    (
        "the_checker_refuses_a_view_after_a_burn",
        &[(CREATE, Created), (Burn, Done), (View, Content)],
    ),
    ("the_checker_refuses_a_second_burn", &[(CREATE, Created), (Burn, Done), (Burn, Done)]),
    (
        "the_checker_refuses_a_status_of_what_was_viewed",
        &[(CREATE, Created), (View, Content), (Status, AVAILABLE)],
    ),
    (
        "the_checker_refuses_a_receipt_that_tells_of_no_view",
        &[(CREATE, Created), (View, Content), (Inspect, PENDING)],
    ),
    (
        "the_checker_refuses_a_receipt_that_tells_of_a_view_too_early",
        &[(CREATE, Created), (Inspect, VIEWED), (View, Content)],
    ),
    (
        "the_checker_refuses_a_receipt_that_tells_of_another_end",
        &[(CREATE, Created), (Burn, Done), (Inspect, VIEWED)],
    ),
    (
        "the_checker_refuses_a_burn_by_receipt_of_what_was_viewed",
        &[(CREATE, Created), (View, Content), (Revoke, Done)],
    ),
    (
        "the_checker_refuses_more_attempts_than_are_left",
        &[
            (CREATE_PROTECTED, Created),
            (unlock(Passphrase::Wrong), wrong(ATTEMPTS - 1)),
            (unlock(Passphrase::Wrong), wrong(ATTEMPTS - 1)),
        ],
    ),
    (
        "the_checker_refuses_a_view_without_the_passphrase",
        &[(CREATE_PROTECTED, Created), (View, Content)],
    ),
    (
        "the_checker_refuses_a_repeat_for_another_key",
        &[(CREATE, Created), (reveal(A), Content), (reveal(B), Content)],
    ),
    (
        "the_checker_refuses_a_repeat_of_a_view_without_a_key",
        &[(CREATE, Created), (View, Content), (reveal(A), Content)],
    ),
    (
        "the_checker_refuses_a_repeat_that_is_lost",
        &[(CREATE, Created), (reveal(A), Content), (reveal(A), NotFound)],
    ),
    (
        "the_checker_refuses_a_repeat_after_an_acknowledgement",
        &[(CREATE, Created), (reveal(A), Content), (Acknowledge(A), Done), (reveal(A), Content)],
    ),
    (
        "the_checker_refuses_a_repeat_after_a_burn",
        &[(CREATE, Created), (reveal(A), Content), (Burn, NotFound), (reveal(A), Content)],
    ),
    (
        "the_checker_refuses_an_acknowledgement_of_a_living_secret",
        &[(CREATE, Created), (Acknowledge(A), Done)],
    ),
    (
        "the_checker_refuses_a_retried_creation_with_another_token",
        &[(CREATE, Created), (CREATE, CreatedAnother)],
    ),
    (
        "the_checker_refuses_a_retried_creation_that_brings_back_a_secret",
        &[(CREATE, Created), (View, Content), (CREATE, Created), (View, Content)],
    ),
];
