//! Histories in which each request ends before the next is invoked.

use super::{
    A, AVAILABLE, B, BURNED, CREATE, CREATE_PROTECTED, DONE, GONE, LOCKED, NOT_DONE, PENDING, VIEW,
    VIEWED, reveal, unlock, wrong,
};
use crate::model::{Answer, Ask, Passphrase, RULES};

use Answer::{Content, Created, CreatedAnother, Nothing};
use Ask::{Acknowledge, Burn, Inspect, Peek, Revoke};

/// The name of a trial, with its requests and answers.
type Case = (&'static str, &'static [(Ask, Answer)]);

/// Histories that are possible.
pub(super) const POSSIBLE: &[Case] = &[
    ("the_checker_accepts_a_view", &[(CREATE, Created), (VIEW, Content), (VIEW, Nothing)]),
    (
        "the_checker_accepts_a_repeat_until_it_is_acknowledged",
        &[
            (CREATE, Created),
            (Acknowledge(A), NOT_DONE),
            (reveal(A), Content),
            (reveal(B), Nothing),
            (reveal(A), Content),
            (VIEW, Nothing),
            (Acknowledge(B), NOT_DONE),
            (Acknowledge(A), DONE),
            (reveal(A), Nothing),
            (Inspect, VIEWED),
        ],
    ),
    (
        "the_checker_accepts_burns_of_every_kind",
        &[
            (CREATE, Created),
            (Inspect, PENDING),
            (Peek, AVAILABLE),
            (Revoke, BURNED),
            (Revoke, BURNED),
            (Burn, NOT_DONE),
            (Peek, GONE),
            (CREATE, Created),
            (VIEW, Nothing),
            (Inspect, BURNED),
        ],
    ),
    (
        "the_checker_accepts_wrong_passphrases_until_the_last",
        &[
            (CREATE_PROTECTED, Created),
            (Peek, Answer::Peeked(Some(true))),
            (VIEW, Answer::PassphraseRequired),
            (unlock(Passphrase::Wrong), wrong(RULES.attempts - 1)),
            (unlock(Passphrase::Wrong), wrong(RULES.attempts - 2)),
            (unlock(Passphrase::Right), Nothing),
            (Revoke, LOCKED),
            (Inspect, LOCKED),
        ],
    ),
];

/// Histories that are violations.
pub(super) const REFUSED: &[Case] = &[
    ("the_checker_refuses_two_views", &[(CREATE, Created), (VIEW, Content), (VIEW, Content)]),
    ("the_checker_refuses_a_loss", &[(CREATE, Created), (Peek, GONE)]),
    (
        "the_checker_refuses_a_loss_of_the_receipt",
        &[(CREATE, Created), (Inspect, Answer::ReceiptStatus(None))],
    ),
    ("the_checker_refuses_a_view_of_nothing", &[(VIEW, Content)]),
    (
        "the_checker_refuses_a_view_after_a_burn",
        &[(CREATE, Created), (Burn, DONE), (VIEW, Content)],
    ),
    ("the_checker_refuses_a_second_burn", &[(CREATE, Created), (Burn, DONE), (Burn, DONE)]),
    (
        "the_checker_refuses_a_status_of_what_was_viewed",
        &[(CREATE, Created), (VIEW, Content), (Peek, AVAILABLE)],
    ),
    (
        "the_checker_refuses_a_receipt_that_tells_of_no_view",
        &[(CREATE, Created), (VIEW, Content), (Inspect, PENDING)],
    ),
    (
        "the_checker_refuses_a_receipt_that_tells_of_a_view_too_early",
        &[(CREATE, Created), (Inspect, VIEWED), (VIEW, Content)],
    ),
    (
        "the_checker_refuses_a_receipt_that_tells_of_another_end",
        &[(CREATE, Created), (Burn, DONE), (Inspect, VIEWED)],
    ),
    (
        "the_checker_refuses_a_burn_by_receipt_of_what_was_viewed",
        &[(CREATE, Created), (VIEW, Content), (Revoke, BURNED)],
    ),
    (
        "the_checker_refuses_more_attempts_than_are_left",
        &[
            (CREATE_PROTECTED, Created),
            (unlock(Passphrase::Wrong), wrong(RULES.attempts - 1)),
            (unlock(Passphrase::Wrong), wrong(RULES.attempts - 1)),
        ],
    ),
    (
        "the_checker_refuses_a_view_without_the_passphrase",
        &[(CREATE_PROTECTED, Created), (VIEW, Content)],
    ),
    (
        "the_checker_refuses_a_repeat_for_another_key",
        &[(CREATE, Created), (reveal(A), Content), (reveal(B), Content)],
    ),
    (
        "the_checker_refuses_a_repeat_of_a_view_without_a_key",
        &[(CREATE, Created), (VIEW, Content), (reveal(A), Content)],
    ),
    (
        "the_checker_refuses_a_repeat_that_is_lost",
        &[(CREATE, Created), (reveal(A), Content), (reveal(A), Nothing)],
    ),
    (
        "the_checker_refuses_a_repeat_after_an_acknowledgement",
        &[(CREATE, Created), (reveal(A), Content), (Acknowledge(A), DONE), (reveal(A), Content)],
    ),
    (
        "the_checker_refuses_a_repeat_after_a_burn",
        &[(CREATE, Created), (reveal(A), Content), (Burn, NOT_DONE), (reveal(A), Content)],
    ),
    (
        "the_checker_refuses_an_acknowledgement_of_a_living_secret",
        &[(CREATE, Created), (Acknowledge(A), DONE)],
    ),
    (
        "the_checker_refuses_a_retried_creation_with_another_token",
        &[(CREATE, Created), (CREATE, CreatedAnother)],
    ),
    (
        "the_checker_refuses_a_retried_creation_that_brings_back_a_secret",
        &[(CREATE, Created), (VIEW, Content), (CREATE, Created), (VIEW, Content)],
    ),
];
