//! Histories with concurrent or unanswered requests.

use super::{A, AVAILABLE, BURNED, CREATE, DONE, GONE, PENDING, VIEW, VIEWED, reveal};
use crate::history::{Instant, NEVER, Outcome, Request};
use crate::model::{Answer, Ask};

use Answer::{Content, Created, Nothing};
use Ask::{Burn, Inspect, Peek};

const CREATED: Request = during(0, 1, CREATE, Created);

/// The name of a trial, and the requests in it.
type Case = (&'static str, &'static [Request]);

/// Histories that are possible.
pub(super) const POSSIBLE: &[Case] = &[
    (
        "the_checker_accepts_an_effect_before_the_answer_to_it",
        &[CREATED, during(2, 9, VIEW, Content), during(3, 4, Peek, GONE)],
    ),
    (
        "the_checker_accepts_an_uncertain_view_with_its_effect",
        &[CREATED, uncertain(2, 5, VIEW), during(6, 7, Inspect, VIEWED)],
    ),
    (
        "the_checker_accepts_an_uncertain_view_without_its_effect",
        &[CREATED, uncertain(2, 5, VIEW), during(6, 7, VIEW, Content)],
    ),
    (
        "the_checker_accepts_an_uncertain_creation_that_is_made_good",
        &[uncertain(0, 2, CREATE), during(3, 4, CREATE, Created), during(5, 6, VIEW, Content)],
    ),
    (
        "the_checker_accepts_an_uncertain_effect_after_later_requests",
        &[
            CREATED,
            uncertain(2, NEVER, Burn),
            during(3, 4, Peek, AVAILABLE),
            during(5, 6, Inspect, BURNED),
        ],
    ),
];

/// Histories that are violations.
pub(super) const REFUSED: &[Case] = &[
    (
        "the_checker_refuses_two_views_at_once",
        &[CREATED, during(2, 8, VIEW, Content), during(3, 9, VIEW, Content)],
    ),
    (
        "the_checker_refuses_views_at_once_of_which_none_wins",
        &[CREATED, during(2, 8, VIEW, Nothing), during(3, 9, reveal(A), Nothing)],
    ),
    (
        "the_checker_refuses_an_uncertain_view_that_comes_undone",
        &[
            CREATED,
            uncertain(2, 5, VIEW),
            during(6, 7, Inspect, VIEWED),
            during(8, 9, Inspect, PENDING),
        ],
    ),
    (
        "the_checker_refuses_an_effect_after_the_server_has_ended",
        &[
            CREATED,
            uncertain(2, 5, Burn),
            during(6, 7, Peek, AVAILABLE),
            during(8, 9, Inspect, BURNED),
        ],
    ),
    (
        "the_checker_refuses_an_effect_before_the_request",
        &[CREATED, during(2, 3, Inspect, BURNED), during(4, 5, Burn, DONE)],
    ),
    (
        "the_checker_refuses_an_effect_of_what_was_not_run",
        &[CREATED, not_run(2, 3, Burn), during(4, 5, Peek, GONE)],
    ),
];

pub(super) const fn during(invoked: Instant, ended: Instant, ask: Ask, answer: Answer) -> Request {
    Request { ask, invoked, ended, outcome: Outcome::Answered(answer) }
}

const fn uncertain(invoked: Instant, ended: Instant, ask: Ask) -> Request {
    Request { ask, invoked, ended, outcome: Outcome::Uncertain }
}

const fn not_run(invoked: Instant, ended: Instant, ask: Ask) -> Request {
    Request { ask, invoked, ended, outcome: Outcome::NotRun }
}
