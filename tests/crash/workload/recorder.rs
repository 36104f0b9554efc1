//! The recorder: every secret of a trial and all requests about it. A request is recorded before it is
//! sent, its outcome when it is known; each of these events has its own instant.

use std::mem;
use std::rc::Rc;

use fastrand::Rng;
use serde_json::Value;
use tokio::sync::Notify;
use viewonce::store::State;

use super::secret::Secret;
use super::wire::{self, Received};
use crate::history::{Instant, NEVER, Outcome, Request};
use crate::model::{Answer, Ask, Terms};

/// Number of newest secrets, which the clients prefer.
const NEW: usize = 24;
/// Maximum number of requests of [`Client::read_state`](super::Client::read_state).
const READ_STATE_REQUESTS: usize = 3;
/// Number of failed draws before a client gives up.
const DRAWS: usize = 4;

#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) secrets: Vec<Secret>,
    /// Answers that are wrong in every history.
    pub(crate) violations: Vec<String>,
    /// Whether the server is being stopped, so that it may leave requests unanswered.
    pub(crate) is_ending: bool,
    /// Whether the servers are stopped cleanly, which leaves no outcome uncertain.
    is_orderly: bool,
    /// Number of promises: answers that guarantee a lasting effect.
    promises: usize,
    /// The number of promises at which `is_time` is notified.
    goal: usize,
    is_time: Rc<Notify>,
    now: Instant,
    /// Requests with an uncertain outcome, while the server runs that may have received them.
    uncertain: Vec<Entry>,
    /// Secrets about which the last server under load left uncertain requests.
    doubtful: Vec<usize>,
}

/// The place of a request: the number of its secret, and its index in that history.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    number: usize,
    index: usize,
}

impl Recorder {
    /// An empty recorder.
    pub(crate) fn new(is_orderly: bool) -> Self {
        Self { is_orderly, ..Self::default() }
    }

    /// Returns a notification of the next `promises` promises, or of the first violation.
    pub(crate) fn time_of(&mut self, promises: usize) -> Rc<Notify> {
        self.goal = self.promises + promises;
        self.is_time = Rc::new(Notify::new());
        if promises == 0 {
            self.is_time.notify_one();
        }
        Rc::clone(&self.is_time)
    }

    /// Records a new secret; returns its number.
    pub(super) fn add(&mut self, terms: Terms) -> usize {
        let number = self.secrets.len();
        self.secrets.push(Secret::new(number, terms));
        number
    }

    /// Records a request that is about to be sent.
    pub(super) fn begin(&mut self, number: usize, ask: Ask) -> Entry {
        let invoked = self.tick();
        let secret = &mut self.secrets[number];
        let requests = &mut secret.history.0;
        requests.push(Request { ask, invoked, ended: NEVER, outcome: Outcome::Uncertain });
        secret.under_way += 1;
        Entry { number, index: requests.len() - 1 }
    }

    /// Records the outcome of a request. Returns whether the server is still running.
    pub(super) fn end(&mut self, entry: Entry, received: Received) -> bool {
        self.secrets[entry.number].under_way -= 1;
        if !matches!(received, Received::Answer { .. }) && !self.is_ending {
            self.violate(entry, "no answer although the server was not being stopped");
        }
        match received {
            Received::Answer { status, document } => {
                self.answered(entry, status, &document);
                true
            }
            Received::Refused => {
                self.request(entry).outcome = Outcome::NotRun;
                false
            }
            Received::Broken => {
                self.uncertain.push(entry);
                false
            }
            Received::Silence => {
                self.uncertain.push(entry);
                self.violate(entry, "neither an answer nor an end of the connection");
                false
            }
        }
    }

    fn answered(&mut self, entry: Entry, status: u16, document: &Value) {
        let ask = self.request(entry).ask;
        match wire::decode(&mut self.secrets[entry.number], ask, status, document) {
            Ok(Outcome::Uncertain) => {
                self.uncertain.push(entry);
                if self.is_orderly {
                    self.violate(entry, &format!("{status} {document}"));
                }
            }
            Ok(outcome) => {
                let ended = self.tick();
                let request = self.request(entry);
                (request.outcome, request.ended) = (outcome, ended);
                self.count(ask, outcome);
            }
            Err(unexpected) => self.violate(entry, &unexpected),
        }
    }

    fn count(&mut self, ask: Ask, outcome: Outcome) {
        use Answer::{Content, Created, Ended, ReceiptStatus};
        let is_promise = match outcome {
            Outcome::Answered(Created | Content | Ended(true)) => true,
            Outcome::Answered(ReceiptStatus(Some(State::Burned))) => ask == Ask::Revoke,
            _ => false,
        };
        if is_promise {
            self.promises += 1;
            if self.promises == self.goal {
                self.is_time.notify_one();
            }
        }
    }

    /// Records that the server has ended: it has no further effects.
    pub(crate) fn server_has_ended(&mut self) {
        let ended = self.tick();
        let uncertain = mem::take(&mut self.uncertain);
        for entry in &uncertain {
            self.request(*entry).ended = ended;
        }
        if !uncertain.is_empty() {
            self.doubtful = uncertain.into_iter().map(|entry| entry.number).collect();
            self.doubtful.sort_unstable();
            self.doubtful.dedup();
        }
        self.is_ending = false;
    }

    /// The doubtful secrets that still accept requests.
    pub(crate) fn in_doubt(&self) -> Vec<usize> {
        let accepts = |number: &usize| self.secrets[*number].accepts(READ_STATE_REQUESTS);
        self.doubtful.iter().copied().filter(accepts).collect()
    }

    /// Draws a secret that accepts this many more requests, often a doubtful or a new one.
    pub(super) fn draw(&self, rng: &mut Rng, requests: usize) -> Option<usize> {
        let known = |secret: &&Secret| secret.token.is_some() && secret.accepts(requests);
        (0..DRAWS).find_map(|_| {
            let number = match rng.u8(..10) {
                0..3 => rng.choice(&self.doubtful).copied(),
                3..8 => rng.choice(self.secrets.len().saturating_sub(NEW)..self.secrets.len()),
                _ => rng.choice(0..self.secrets.len()),
            };
            number.filter(|number| self.secrets.get(*number).as_ref().is_some_and(known))
        })
    }

    /// Draws a secret whose creation may be retried, answered or not.
    pub(super) fn draw_creation(&self, rng: &mut Rng) -> Option<usize> {
        let is_repeatable = |secret: &Secret| secret.terms.key.is_some() && secret.accepts(1);
        (0..DRAWS).find_map(|_| {
            let new = self.secrets.len().saturating_sub(NEW)..self.secrets.len();
            let number =
                if rng.bool() { rng.choice(&self.doubtful).copied() } else { rng.choice(new) };
            number.filter(|number| is_repeatable(&self.secrets[*number]))
        })
    }

    fn violate(&mut self, Entry { number, index }: Entry, what: &str) {
        let request = self.secrets[number].history.0[index];
        let (ask, invoked) = (request.ask, request.invoked);
        self.violations.push(format!("secret {number}, {ask:?}, at {invoked}: {what}"));
        self.is_time.notify_one();
    }

    fn request(&mut self, Entry { number, index }: Entry) -> &mut Request {
        &mut self.secrets[number].history.0[index]
    }

    fn tick(&mut self) -> Instant {
        self.now += 1;
        self.now
    }
}
