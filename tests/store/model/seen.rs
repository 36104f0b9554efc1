//! What must be seen of a store: all that it may be asked, answered from a list of secrets.

use std::collections::BTreeMap;

use viewonce::clock::Timestamp;
use viewonce::passphrase::WrappedKey;
use viewonce::repeat::Creation;
use viewonce::secret::NewSecret;
use viewonce::store::{CREATIONS_KEPT, Created, Fate, Peeked, Purged, State, Taken};

use super::names;
use super::step::{Ask, Key, Passphrase, SLOTS, Terms};
use super::{Answer, RULES};

/// All secrets that were ever stored.
pub(super) struct Model {
    pub(super) now: Timestamp,
    secrets: BTreeMap<u32, Secret>,
}

struct Secret {
    new: NewSecret,
    created_at: Timestamp,
    attempts_left: u32,
    /// How it ended, if not by its expiry, or if that was purged.
    end: Option<(State, Timestamp)>,
    kept: Option<Kept>,
}

/// That a secret was taken repeatably.
struct Kept {
    key: Key,
    until: Timestamp,
    wrapped_key: Option<WrappedKey>,
}

impl Secret {
    fn expires_at(&self) -> Timestamp {
        self.new.sealed.expires_at
    }

    /// How it has ended by now, if it has.
    fn end(&self, now: Timestamp) -> Option<(State, Timestamp)> {
        let expiry = (self.expires_at() <= now).then(|| (State::Expired, self.expires_at()));
        self.end.or(expiry)
    }

    /// What its creation is remembered by, and what a retry is told.
    fn creation(&self) -> Option<Creation> {
        let creation = self.new.creation.as_ref()?;
        let lookup_id = self.new.sealed.lookup_id;
        let (nonce, expires_at) = (creation.nonce, self.expires_at());
        Some(Creation { id: creation.id, nonce, lookup_id, expires_at })
    }
}

impl Model {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now, secrets: BTreeMap::new() }
    }

    /// The numbers of all secrets.
    pub(super) fn numbers(&self) -> Vec<u32> {
        self.secrets.keys().copied().collect()
    }

    /// The number of the secret that this is about, if it is asked of a slot: the last one there,
    /// or the next one.
    pub(super) fn number(&self, slot: u32, ask: Ask) -> u32 {
        let last = self.secrets.keys().copied().rfind(|number| number % SLOTS == slot);
        match (last, ask) {
            (None, _) => slot,
            (Some(last), Ask::Create(_)) => last + SLOTS,
            (Some(last), _) => last,
        }
    }

    pub(super) fn answer(&mut self, number: u32, ask: Ask) -> Answer {
        match ask {
            Ask::Peek => Answer::Peeked(self.living(number).map(|secret| Peeked {
                expires_at: secret.expires_at(),
                passphrase_required: secret.new.verifier.is_some(),
            })),
            Ask::Inspect => Answer::Fate(self.fate(number)),
            Ask::Create(terms) => Answer::Created(self.create(number, terms)),
            Ask::Take { key, passphrase } => Answer::Taken(self.take(number, key, passphrase)),
            Ask::Acknowledge(key) => {
                let kept = self.kept(number, key);
                Answer::Was(kept.and_then(|secret| secret.kept.take()).is_some())
            }
            Ask::Burn => Answer::Was(self.burn(number)),
            Ask::Revoke => {
                if self.fate(number).is_some() {
                    self.burn(number);
                }
                Answer::Fate(self.fate(number))
            }
            Ask::Purge => Answer::Purged(Purged { secrets: self.purge(), is_complete: true }),
        }
    }

    fn create(&mut self, number: u32, terms: Terms) -> Created {
        let (created_at, new) = (self.now, names::new_secret(number, terms, self.now));
        let secret =
            Secret { new, created_at, attempts_left: RULES.attempts, end: None, kept: None };
        let remembered = self.secrets.values().filter(|old| {
            let forgotten_at = old.created_at.plus(CREATIONS_KEPT);
            self.now < forgotten_at
        });
        let id = secret.creation().map(|creation| creation.id);
        let before = remembered.filter_map(Secret::creation).find(|old| Some(old.id) == id);
        if before.is_none() {
            self.secrets.insert(number, secret);
        }
        before.map_or(Created::Stored, Created::Before)
    }

    fn take(&mut self, number: u32, key: Option<Key>, passphrase: Option<Passphrase>) -> Taken {
        let now = self.now;
        if let Some(secret) = key.and_then(|key| self.kept(number, key)) {
            let wrapped_key = secret.kept.as_ref().and_then(|kept| kept.wrapped_key.clone());
            return Taken::Again { sealed: secret.new.sealed.clone(), wrapped_key };
        }
        let Some(secret) = self.living(number) else { return Taken::Nothing };
        match (&secret.new.verifier, passphrase) {
            (Some(_), None) => Taken::PassphraseRequired { key_id: secret.new.sealed.key_id },
            (Some(_), Some(Passphrase::Wrong)) => {
                secret.attempts_left -= 1;
                if secret.attempts_left == 0 {
                    secret.end = Some((State::Locked, now));
                }
                Taken::WrongPassphrase { attempts_left: secret.attempts_left }
            }
            (Some(_), Some(Passphrase::Right)) | (None, _) => {
                secret.end = Some((State::Viewed, now));
                secret.kept = key.map(|key| Kept {
                    key,
                    until: now.plus(RULES.redelivery).min(secret.expires_at()),
                    wrapped_key: passphrase.map(|_proven| names::wrapped_key(number, key)),
                });
                Taken::Secret(secret.new.sealed.clone())
            }
        }
    }

    fn burn(&mut self, number: u32) -> bool {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(&number) else { return false };
        let is_living = secret.end(now).is_none();
        if is_living {
            secret.end = Some((State::Burned, now));
        }
        secret.kept = None;
        is_living
    }

    /// Sees to what has expired; returns how many they are.
    fn purge(&mut self) -> usize {
        let expired = self.secrets.values_mut().filter(|secret| secret.end.is_none());
        let expired = expired.filter_map(|secret| {
            secret.end = secret.end(self.now);
            secret.end
        });
        expired.count()
    }

    fn fate(&self, number: u32) -> Option<Fate> {
        let secret = self.secrets.get(&number)?;
        let (state, ended_at) = match secret.end(self.now) {
            Some((state, at)) => (state, Some(at)),
            None => (State::Pending, None),
        };
        let is_told = ended_at.is_none_or(|at| self.now < at.plus(RULES.receipts_kept));
        let (created_at, expires_at) = (secret.created_at, secret.expires_at());
        (secret.new.receipt_id.is_some() && is_told).then_some(Fate {
            state,
            created_at,
            expires_at,
            ended_at,
        })
    }

    fn living(&mut self, number: u32) -> Option<&mut Secret> {
        self.secrets.get_mut(&number).filter(|secret| secret.end(self.now).is_none())
    }

    /// The secret, if it is kept under this key for a repeat.
    fn kept(&mut self, number: u32, key: Key) -> Option<&mut Secret> {
        let is_kept = |kept: &Kept| kept.key == key && self.now < kept.until;
        self.secrets.get_mut(&number).filter(|secret| secret.kept.as_ref().is_some_and(is_kept))
    }
}
