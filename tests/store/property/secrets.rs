//! Many secrets, each a [`Secret`] of the model, and the answers about them in the store's types. They
//! are connected only by the keys of remembered creations.

use std::collections::BTreeMap;
use std::time::Duration;

use viewonce::domain::clock::Timestamp;
use viewonce::domain::idempotency_key::Creation;
use viewonce::store::{Created, Peeked, Purged, ReceiptStatus, State, Taken};

use super::step::SLOTS;
use super::{Reply, STEP, names};
use crate::model::{Answer, Ask, Instant, Key, Secret, Stored};

pub(crate) struct Secrets {
    start: Timestamp,
    pub(super) now: Instant,
    all: BTreeMap<u32, Secret>,
}

impl Secrets {
    pub(super) fn new(start: Timestamp) -> Self {
        Self { start, now: Duration::ZERO, all: BTreeMap::new() }
    }

    /// The current instant of the store's clock.
    pub(super) fn timestamp(&self) -> Timestamp {
        self.start.plus(self.now)
    }

    /// The step of the case that is nearest to this instant.
    pub(super) fn nearest_step(&self, instant: Timestamp) -> Timestamp {
        let (start, step) = (self.start.as_millis(), i64::try_from(STEP.as_millis()).unwrap());
        let steps = (instant.as_millis() - start + step / 2).div_euclid(step);
        Timestamp::from_millis(start + steps * step)
    }

    /// The numbers of all secrets that a command was about.
    pub(super) fn numbers(&self) -> Vec<u32> {
        self.all.keys().copied().collect()
    }

    /// The number of the secret that this command addresses in a slot: the last secret there, or a
    /// new one.
    pub(super) fn number(&self, slot: u32, ask: Ask) -> u32 {
        let stored = self.all.iter().filter(|(_, secret)| secret.0.is_some());
        let last = stored.map(|(number, _)| *number).rfind(|number| number % SLOTS == slot);
        match (last, ask) {
            (None, _) => slot,
            (Some(last), Ask::Create(_)) => last + SLOTS,
            (Some(last), _) => last,
        }
    }

    pub(super) fn secret(&self, number: u32) -> Secret {
        self.all.get(&number).copied().unwrap_or_default()
    }

    pub(super) fn answer(&mut self, number: u32, ask: Ask) -> Reply {
        let now = self.now;
        if ask == Ask::Purge {
            let answers = self.all.values_mut().map(|secret| secret.step(ask, now));
            let secrets = answers.filter(|answer| *answer == Answer::Ended(true)).count();
            return Reply::Purged(Purged { secrets, is_complete: true });
        }
        self.all.entry(number).or_default();
        let number = match ask {
            Ask::Create(terms) => self.remembered(terms.key).unwrap_or(number),
            _ => number,
        };
        let secret = self.all.entry(number).or_default();
        let answer = secret.step(ask, now);
        let stored = secret.0;
        self.reply(number, stored, answer)
    }

    /// The number of the secret whose creation had this key.
    fn remembered(&self, key: Option<Key>) -> Option<u32> {
        let mut secrets = self.all.iter();
        secrets.find(|(_, secret)| secret.remembers(key, self.now)).map(|(number, _)| *number)
    }

    /// The model's answer about a secret, in the store's types.
    fn reply(&self, number: u32, stored: Option<Stored>, answer: Answer) -> Reply {
        let new = stored.map(|Stored { terms, created_at, .. }| {
            names::new_secret(number, terms, self.start.plus(created_at))
        });
        let sealed = || new.clone().unwrap().secret;
        match answer {
            Answer::Created => Reply::Created(Created::Stored),
            Answer::CreatedBefore | Answer::CreatedAnother => {
                let creation = new.clone().unwrap().creation.unwrap();
                let (lookup_id, expires_at) = (sealed().lookup_id, sealed().expires_at);
                let (id, nonce) = (creation.id, creation.nonce);
                Reply::Created(Created::Before(Creation { id, nonce, lookup_id, expires_at }))
            }
            Answer::Content => Reply::Taken(Taken::Secret(sealed())),
            Answer::Again(kept) => Reply::Taken(Taken::Again {
                secret: sealed(),
                wrapped_key: kept.has_passphrase.then(|| names::wrapped_key(number, kept.key)),
            }),
            Answer::PassphraseRequired => {
                Reply::Taken(Taken::PassphraseRequired { key_id: sealed().key_id })
            }
            Answer::WrongPassphrase { attempts_left } => {
                Reply::Taken(Taken::WrongPassphrase { attempts_left })
            }
            Answer::Nothing => Reply::Taken(Taken::Nothing),
            Answer::Ended(ended) => Reply::Ended(ended),
            Answer::Peeked(peeked) => Reply::Peeked(peeked.map(|passphrase_required| Peeked {
                expires_at: sealed().expires_at,
                passphrase_required,
            })),
            Answer::ReceiptStatus(state) => {
                Reply::ReceiptStatus(state.map(|state| self.receipt_status(stored.unwrap(), state)))
            }
            Answer::Waits(waits) => Reply::Waits(waits),
        }
    }

    fn receipt_status(&self, stored: Stored, state: State) -> ReceiptStatus {
        let at = |instant| self.start.plus(instant);
        let ended_at = stored.end(self.now).map(|(_, ended_at)| at(ended_at));
        let (created_at, expires_at) = (at(stored.created_at), at(stored.expires_at()));
        ReceiptStatus { state, created_at, expires_at, ended_at }
    }
}
