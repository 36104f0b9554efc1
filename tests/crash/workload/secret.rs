//! A secret as its clients know it: by its number. Everything but its token and receipt, which the
//! server generates, follows from that number.

use crate::history::{History, MOST_REQUESTS};
use crate::model::{Answer, Ask, Key, Passphrase, Terms};

/// Requests reserved for the final reads of a secret.
const KEPT_FREE: usize = 8;
/// Maximum number of concurrent requests about a secret: the search takes longer the more there are.
const MOST_UNDER_WAY: usize = 12;
/// Lengths of contents that need several pages.
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

    /// Its content, which is unique: mostly a few words, sometimes many pages.
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

    /// Whether the secret accepts this many more requests.
    pub(super) fn accepts(&self, requests: usize) -> bool {
        let all = self.history.0.len() + requests;
        self.under_way + requests <= MOST_UNDER_WAY && all + KEPT_FREE <= MOST_REQUESTS
    }

    /// Stores its token and receipt; returns whether they equal the earlier ones.
    pub(super) fn learn(&mut self, token: String, receipt: Option<String>) -> Answer {
        let is_known = self.token.is_some();
        let (token, receipt) = (Some(token), receipt);
        if is_known && (self.token != token || self.receipt != receipt) {
            return Answer::CreatedAnother;
        }
        (self.token, self.receipt) = (token, receipt);
        Answer::Created
    }

    /// The key that competes for it most often.
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
