//! The linearizability checker: is there an order of a secret's requests that explains every answer?
//! Each request takes effect at one instant between its invocation and its end, and the model gives the
//! same answers in that order.
//!
//! The search is that of Wing and Gong (Testing and verifying concurrent objects, Journal of Parallel
//! and Distributed Computing 17, 1993). Among the requests without a place in the order, each that was
//! invoked before any other of them ended is tried as the next. Following Lowe (Testing for
//! linearizability, Concurrency and Computation: Practice and Experience 29, 2017), a pair of state and
//! placed requests is tried only once. Secrets are independent, so each is searched on its own.
//!
//! A request with an uncertain outcome takes its place with or without its effect, before the end of the
//! server that may have received it.

use std::collections::HashSet;
use std::time::Duration;

use crate::history::{History, MOST_REQUESTS, Outcome, Request};
use crate::model::{Answer, Secret};

/// Whether an order of the requests explains every answer.
pub(crate) fn is_explained(history: &History) -> bool {
    let requests = &history.0;
    assert!(requests.len() <= MOST_REQUESTS, "a search holds {MOST_REQUESTS} requests");
    Search { requests, tried: HashSet::new() }.can_continue(0, Secret::default())
}

/// A set of requests, of which each is a bit.
type Placed = u64;

struct Search<'a> {
    requests: &'a [Request],
    tried: HashSet<(Placed, Secret)>,
}

impl Search<'_> {
    /// Whether the requests not yet `placed` can follow the placed ones, which have led to `secret`.
    fn can_continue(&mut self, placed: Placed, secret: Secret) -> bool {
        let requests = self.requests;
        let left = || requests.iter().enumerate().filter(|(index, _)| placed & (1 << index) == 0);
        let Some(first_end) = left().map(|(_, request)| request.ended).min() else { return true };
        self.tried.insert((placed, secret))
            && left().filter(|(_, request)| request.invoked < first_end).any(|(index, request)| {
                let placed = placed | 1 << index;
                follow(secret, request).any(|secret| self.can_continue(placed, secret))
            })
    }
}

/// The states that a request may lead to from here. No time passes.
fn follow(secret: Secret, request: &Request) -> impl Iterator<Item = Secret> {
    let mut next = secret;
    let answer = match next.step(request.ask, Duration::ZERO) {
        // HTTP does not show whether the client's burn by receipt was the first.
        Answer::CreatedBefore => Answer::Created,
        Answer::Again(_) => Answer::Content,
        answer => answer,
    };
    let (with, without) = match request.outcome {
        Outcome::Answered(answered) => (answered == answer, false),
        Outcome::NotRun => (false, true),
        Outcome::Uncertain => (true, next != secret),
    };
    with.then_some(next).into_iter().chain(without.then_some(secret))
}
