//! A secret as its clients know it: by its number. All about it follows from that, but for its token
//! and its receipt, which are the server's.

use crate::history::{History, MOST_REQUESTS};
use crate::model::{Answer, Ask, Key, Passphrase, Terms};

/// Requests that are kept free for the end, when each secret is looked at.
const KEPT_FREE: usize = 8;
/// Requests about a secret that may be under way at a time: the search for an order takes the longer
/// the more there are.
const MOST_UNDER_WAY: usize = 12;
/// Contents that are longer than one page or a few.
const LARGE_BYTES: usize = 5 << 10;
const LARGEST_BYTES: usize = 60 << 10;

pub(crate) struct Secret {
    pub(crate) number: usize,
    pub(crate) terms: Terms,
    pub(crate) token: Option<String>,
    pub(crate) receipt: Option<String>,
    pub(crate) under_way: usize,
    pub(crate) history: History,
}

impl Secret {
    pub(super) fn new(number: usize, terms: Terms) -> Self {
        let history = History::default();
        Self { number, terms, token: None, receipt: None, under_way: 0, history }
    }

    /// Its content, which no other secret has: mostly a few words, sometimes many pages.
    pub(super) fn content(&self) -> String {
        let bytes = match self.number % 40 {
            0 => LARGE_BYTES + self.number * 7_919 % (LARGEST_BYTES - LARGE_BYTES),
            1..10 => 100 + self.number * 7_919 % 2_000,
            _ => 20 + self.number % 40,
        };
        let words = format!("secret {}, ", self.number);
        words.repeat(bytes / words.len() + 1)
    }

    /// The key of its creation.
    pub(super) fn creation_key(&self) -> String {
        format!("the-creation-of-secret-{:09}", self.number)
    }

    /// Whether so many more requests may be under way.
    pub(super) fn has_room(&self, requests: usize) -> bool {
        let all = self.history.0.len() + requests;
        self.under_way + requests <= MOST_UNDER_WAY && all + KEPT_FREE <= MOST_REQUESTS
    }

    /// Notes what was told of it; says whether that is what was told before.
    pub(super) fn learn(&mut self, token: String, receipt: Option<String>) -> Answer {
        let is_known = self.token.is_some();
        let (token, receipt) = (Some(token), receipt);
        if is_known && (self.token != token || self.receipt != receipt) {
            return Answer::CreatedAnother;
        }
        (self.token, self.receipt) = (token, receipt);
        Answer::Created
    }

    /// The key that competes for it more than the others.
    pub(super) fn usual_key(&self) -> Key {
        let last = self.history.0.iter().rev().find_map(|request| match request.ask {
            Ask::Take { key, .. } => key,
            _ => None,
        });
        last.unwrap_or(Key(0))
    }

    pub(super) fn right_passphrase(&self) -> Option<Passphrase> {
        self.terms.has_passphrase.then_some(Passphrase::Right)
    }
}
