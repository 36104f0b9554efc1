//! The book: every secret of a trial, and all that was asked about it. A request is entered before it
//! is sent, and what came of it when that is known; each entry has an instant of its own.

use std::mem;
use std::rc::Rc;

use fastrand::Rng;
use serde_json::Value;
use tokio::sync::Notify;
use viewonce::store::State;

use super::secret::Secret;
use super::wire::{self, Heard};
use crate::history::{Instant, NEVER, Outcome, Request};
use crate::model::{Answer, Ask, Terms};

/// The newest secrets, which the clients ask for more than for others.
const NEW: usize = 24;
/// Requests of a glance at a secret, at the most.
const GLANCE: usize = 3;
/// How often a secret is drawn in vain before it is given up.
const DRAWS: usize = 4;

#[derive(Default)]
pub(crate) struct Book {
    pub(crate) secrets: Vec<Secret>,
    /// What no history has to tell, because it may never be.
    pub(crate) violations: Vec<String>,
    /// Whether the server was told to end, so that it may leave requests without an answer.
    pub(crate) is_ending: bool,
    /// Whether an end that a server was asked for leaves nothing uncertain.
    is_orderly: bool,
    /// Answers that promise something that has to last.
    promises: usize,
    /// The number of promises at which `is_time` is told.
    goal: usize,
    is_time: Rc<Notify>,
    now: Instant,
    /// Requests that are uncertain, for as long as the server runs that may have got them.
    uncertain: Vec<Entry>,
    /// Secrets that the last server under load left uncertain requests about.
    doubtful: Vec<usize>,
}

/// Where a request stands: in which secret's history, and where in that.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    number: usize,
    index: usize,
}

impl Book {
    /// An empty one.
    pub(crate) fn new(is_orderly: bool) -> Self {
        Self { is_orderly, ..Self::default() }
    }

    /// What tells when so many more promises have been made, at the very instant; or at once when there
    /// is a violation.
    pub(crate) fn time_of(&mut self, promises: usize) -> Rc<Notify> {
        self.goal = self.promises + promises;
        self.is_time = Rc::new(Notify::new());
        if promises == 0 {
            self.is_time.notify_one();
        }
        Rc::clone(&self.is_time)
    }

    /// Enters a new secret; returns its number.
    pub(super) fn add(&mut self, terms: Terms) -> usize {
        let number = self.secrets.len();
        self.secrets.push(Secret::new(number, terms));
        number
    }

    /// Enters a request that is about to be sent.
    pub(super) fn begin(&mut self, number: usize, ask: Ask) -> Entry {
        let invoked = self.tick();
        let secret = &mut self.secrets[number];
        let requests = &mut secret.history.0;
        requests.push(Request { ask, invoked, ended: NEVER, outcome: Outcome::Uncertain });
        secret.under_way += 1;
        Entry { number, index: requests.len() - 1 }
    }

    /// Enters what came of a request. Returns whether the server is still there.
    pub(super) fn end(&mut self, entry: Entry, heard: Heard) -> bool {
        self.secrets[entry.number].under_way -= 1;
        if !matches!(heard, Heard::Answer { .. }) && !self.is_ending {
            self.violate(entry, "no answer, while nobody had told the server to end");
        }
        match heard {
            Heard::Answer { status, document } => {
                self.answered(entry, status, &document);
                true
            }
            Heard::Refused => {
                self.request(entry).outcome = Outcome::NotRun;
                false
            }
            Heard::Broken => {
                self.uncertain.push(entry);
                false
            }
            Heard::Silence => {
                self.uncertain.push(entry);
                self.violate(entry, "neither an answer nor an end of the connection");
                false
            }
        }
    }

    fn answered(&mut self, entry: Entry, status: u16, document: &Value) {
        let ask = self.request(entry).ask;
        match wire::understand(&mut self.secrets[entry.number], ask, status, document) {
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

    /// Enters that the server has come to its end: it does nothing any more.
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

    /// The secrets in doubt that there is still room to ask about.
    pub(crate) fn in_doubt(&self) -> Vec<usize> {
        let has_room = |number: &usize| self.secrets[*number].has_room(GLANCE);
        self.doubtful.iter().copied().filter(has_room).collect()
    }

    /// A secret about which so many more requests may be sent: often one that is in doubt, or a new one.
    pub(super) fn draw(&self, rng: &mut Rng, requests: usize) -> Option<usize> {
        let known = |secret: &&Secret| secret.token.is_some() && secret.has_room(requests);
        (0..DRAWS).find_map(|_| {
            let number = match rng.u8(..10) {
                0..3 => rng.choice(&self.doubtful).copied(),
                3..8 => rng.choice(self.secrets.len().saturating_sub(NEW)..self.secrets.len()),
                _ => rng.choice(0..self.secrets.len()),
            };
            number.filter(|number| self.secrets.get(*number).as_ref().is_some_and(known))
        })
    }

    /// A secret whose creation may be retried, whether or not it was answered.
    pub(super) fn draw_creation(&self, rng: &mut Rng) -> Option<usize> {
        let is_repeatable = |secret: &Secret| secret.terms.key.is_some() && secret.has_room(1);
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
