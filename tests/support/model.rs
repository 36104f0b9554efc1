//! One secret, and what a store answers about it: the table of states and transitions in `src/store.rs`
//! as a pure function. The property test and the contract of the store compare every answer with it, and
//! so does the crash checker, for which no time passes.
#![allow(dead_code, reason = "no test binary uses all of it")]

use std::time::Duration;

use viewonce::store::{Bounds, CREATIONS_KEPT, Rules, State};

/// An instant, from the start of a test on.
pub(crate) type Instant = Duration;

pub(crate) const DAY: Duration = Duration::from_hours(24);
/// The rules that stores are set to which are compared with the model.
pub(crate) const RULES: Rules = Rules {
    attempts: 2,
    redelivery: Duration::from_hours(2 * 24),
    receipts_kept: DAY.saturating_mul(48),
    bounds: Bounds::NONE,
};

/// An idempotency key, by its number: of a creation, or of a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(pub(crate) u32);

pub(crate) const A: Key = Key(0);
pub(crate) const B: Key = Key(1);

/// The passphrase of one who takes a secret.
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
    /// Its key, if it may be retried.
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
    /// This creation was made before.
    CreatedBefore,
    /// It was made before, and now it has another token. Never true.
    CreatedAnother,
    Content,
    /// The content, once more.
    Again(Kept),
    PassphraseRequired,
    WrongPassphrase {
        attempts_left: u32,
    },
    /// There is no secret to take.
    Nothing,
    /// Whether a secret was burned or purged, or a repeat acknowledged.
    Ended(bool),
    /// Whether it needs a passphrase, if it is living.
    Peeked(Option<bool>),
    /// What became of it, if it has a receipt.
    ReceiptStatus(Option<State>),
    /// Whether a watch waits.
    Waits(bool),
}

/// The state of a secret, which may not be there.
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
    /// Nobody has ended it; it may have expired.
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
    /// It expired, and was purged.
    Purged,
}

/// What is kept for a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kept {
    pub(crate) key: Key,
    until: Instant,
    /// Whether a passphrase came with the take.
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
                if self.fate(now).is_some() {
                    self.destroy(now);
                }
                Answer::ReceiptStatus(self.fate(now))
            }
            Ask::Peek => Answer::Peeked(self.living(now).map(|stored| stored.terms.has_passphrase)),
            Ask::Inspect => Answer::ReceiptStatus(self.fate(now)),
            Ask::Watch => Answer::Waits(self.fate(now) == Some(State::Pending)),
            Ask::Purge => Answer::Ended(self.purge(now)),
        }
    }

    /// Whether a creation with this key would be a retry of its own.
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

    /// Deletes it, or else what is kept of it; returns whether it was living.
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

    /// Deletes it if it has expired; returns whether it was there until now.
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

    /// What its receipt tells, as long as it is kept.
    fn fate(&self, now: Instant) -> Option<State> {
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
