//! One secret and a store's answers about it: the table of states and transitions in `src/store.rs` as
//! a pure function. The property test, the contract of the store and the crash checker compare every
//! answer with it; for the crash checker no time passes.
#![allow(dead_code, reason = "no test binary uses all of it")]

use std::time::Duration;

use viewonce::store::{Bounds, CREATIONS_KEPT, Rules, State};

/// An instant, as the time since the start of a test.
pub(crate) type Instant = Duration;

pub(crate) const DAY: Duration = Duration::from_hours(24);
/// The rules of the stores that are compared with the model.
pub(crate) const RULES: Rules = Rules {
    attempts: 2,
    redelivery: Duration::from_hours(2 * 24),
    receipts_kept: DAY.saturating_mul(48),
    erase_within: Duration::MAX,
    bounds: Bounds::NONE,
};

/// An idempotency key, by its number: of a creation, or of a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(pub(crate) u32);

pub(crate) const A: Key = Key(0);
pub(crate) const B: Key = Key(1);

/// The passphrase that comes with a take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passphrase {
    Right,
    Wrong,
}

/// The terms of a creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Terms {
    pub(crate) lifetime: Duration,
    pub(crate) has_passphrase: bool,
    pub(crate) has_receipt: bool,
    /// The key of the creation, if it may be retried.
    pub(crate) key: Option<Key>,
}

/// A message to the store about a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Create(Terms),
    Take { key: Option<Key>, passphrase: Option<Passphrase> },
    Acknowledge(Key),
    Burn,
    Revoke,
    Peek,
    Inspect,
    Watch,
    Purge,
}

/// The answer to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Created,
    /// A retry: this creation was already made.
    CreatedBefore,
    /// A retry that got another token than the creation. Never allowed.
    CreatedAnother,
    Content,
    /// The content again, as a repeat.
    Again(Kept),
    PassphraseRequired,
    WrongPassphrase {
        attempts_left: u32,
    },
    /// No secret can be taken.
    Nothing,
    /// Whether a burn, purge or acknowledgement found something to delete.
    Ended(bool),
    /// For a living secret, whether it needs a passphrase.
    Peeked(Option<bool>),
    /// The state that the receipt reports, if there is one.
    ReceiptStatus(Option<State>),
    /// Whether a watch stays pending.
    Waits(bool),
}

/// The state of a secret, which may not be stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Secret(pub(crate) Option<Stored>);

/// The state of a secret that was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stored {
    pub(crate) terms: Terms,
    pub(crate) created_at: Instant,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// No request has ended it; it may have expired.
    Living {
        attempts_left: u32,
    },
    Viewed {
        at: Instant,
        kept: Option<Kept>,
    },
    Burned {
        at: Instant,
    },
    Locked {
        at: Instant,
    },
    /// Expired and purged.
    Purged,
}

/// The retained copy for repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kept {
    pub(crate) key: Key,
    until: Instant,
    /// Whether the take had a passphrase.
    pub(crate) has_passphrase: bool,
}

impl Secret {
    /// Answers a message at this instant.
    pub(crate) fn step(&mut self, ask: Ask, now: Instant) -> Answer {
        match ask {
            Ask::Create(terms) => self.create(terms, now),
            Ask::Take { key, passphrase } => self.take(key, passphrase, now),
            Ask::Acknowledge(key) => {
                let is_kept = self.kept(key, now).is_some();
                Answer::Ended(is_kept && !self.destroy(now))
            }
            Ask::Burn => Answer::Ended(self.destroy(now)),
            Ask::Revoke => {
                if self.receipt_state(now).is_some() {
                    self.destroy(now);
                }
                Answer::ReceiptStatus(self.receipt_state(now))
            }
            Ask::Peek => Answer::Peeked(self.living(now).map(|stored| stored.terms.has_passphrase)),
            Ask::Inspect => Answer::ReceiptStatus(self.receipt_state(now)),
            Ask::Watch => Answer::Waits(self.receipt_state(now) == Some(State::Pending)),
            Ask::Purge => Answer::Ended(self.purge(now)),
        }
    }

    /// Whether a creation with this key is a retry of this secret's creation.
    pub(crate) fn remembers(&self, key: Option<Key>, now: Instant) -> bool {
        let remembered = |stored: &Stored| now < stored.created_at + CREATIONS_KEPT;
        self.0.is_some_and(|stored| key.is_some() && stored.terms.key == key && remembered(&stored))
    }

    fn create(&mut self, terms: Terms, now: Instant) -> Answer {
        if self.remembers(terms.key, now) {
            return Answer::CreatedBefore;
        }
        let stage = Stage::Living { attempts_left: RULES.attempts };
        self.0 = Some(Stored { terms, created_at: now, stage });
        Answer::Created
    }

    fn take(&mut self, key: Option<Key>, passphrase: Option<Passphrase>, now: Instant) -> Answer {
        if let Some(kept) = key.and_then(|key| self.kept(key, now)) {
            return Answer::Again(kept);
        }
        let Some(stored) = self.living(now) else { return Answer::Nothing };
        match (&mut stored.stage, passphrase) {
            (_, None) if stored.terms.has_passphrase => Answer::PassphraseRequired,
            (Stage::Living { attempts_left }, Some(Passphrase::Wrong))
                if stored.terms.has_passphrase =>
            {
                *attempts_left -= 1;
                let attempts_left = *attempts_left;
                if attempts_left == 0 {
                    stored.stage = Stage::Locked { at: now };
                }
                Answer::WrongPassphrase { attempts_left }
            }
            _ => {
                let until = stored.expires_at().min(now + RULES.redelivery);
                let has_passphrase = passphrase.is_some();
                let kept = key.map(|key| Kept { key, until, has_passphrase });
                stored.stage = Stage::Viewed { at: now, kept };
                Answer::Content
            }
        }
    }

    /// Deletes the secret, or else its repeat; returns whether the secret was living.
    fn destroy(&mut self, now: Instant) -> bool {
        if let Some(stored) = self.living(now) {
            stored.stage = Stage::Burned { at: now };
            return true;
        }
        if let Some(Stored { stage: Stage::Viewed { kept, .. }, .. }) = &mut self.0 {
            *kept = None;
        }
        false
    }

    /// Deletes the secret if it has expired; returns whether this changed anything.
    fn purge(&mut self, now: Instant) -> bool {
        let is_living = self.living(now).is_some();
        let Some(stored) = &mut self.0 else { return false };
        let is_purged = matches!(stored.stage, Stage::Living { .. }) && !is_living;
        if is_purged {
            stored.stage = Stage::Purged;
        }
        is_purged
    }

    fn living(&mut self, now: Instant) -> Option<&mut Stored> {
        self.0.as_mut().filter(|stored| stored.end(now).is_none())
    }

    fn kept(&self, key: Key, now: Instant) -> Option<Kept> {
        match self.0?.stage {
            Stage::Viewed { kept, .. } => kept.filter(|kept| kept.key == key && now < kept.until),
            _ => None,
        }
    }

    /// The state that the receipt reports while it is kept.
    fn receipt_state(&self, now: Instant) -> Option<State> {
        let stored = self.0.filter(|stored| stored.terms.has_receipt)?;
        match stored.end(now) {
            None => Some(State::Pending),
            Some((state, at)) => (now < at + RULES.receipts_kept).then_some(state),
        }
    }
}

impl Stored {
    pub(crate) fn expires_at(&self) -> Instant {
        self.created_at + self.terms.lifetime
    }

    /// How and when it has ended, if it has.
    pub(crate) fn end(&self, now: Instant) -> Option<(State, Instant)> {
        match self.stage {
            Stage::Living { .. } if now < self.expires_at() => None,
            Stage::Living { .. } | Stage::Purged => Some((State::Expired, self.expires_at())),
            Stage::Viewed { at, .. } => Some((State::Viewed, at)),
            Stage::Burned { at } => Some((State::Burned, at)),
            Stage::Locked { at } => Some((State::Locked, at)),
        }
    }
}
