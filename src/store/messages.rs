//! What a store is asked, and what it answers. Where a message has several ids, the secret has one of
//! them, and the likeliest comes first.

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::id::{KeyId, LookupId, ReceiptId, RedeliveryId, Verifier};
use crate::domain::idempotency_key::{Creation, NewCreation};
use crate::domain::passphrase::WrappedKey;
use crate::domain::secret::SealedSecret;

/// How long a creation is remembered that may be retried.
pub const CREATIONS_KEPT: Duration = Duration::from_hours(24);

/// What a store goes by, whatever it runs on.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Wrong passphrases after which a new secret is destroyed.
    pub attempts: u32,
    /// For how long a secret that was taken with a key is kept for a repeat.
    pub redelivery: Duration,
    /// For how long a receipt is kept after its secret's end.
    pub receipts_kept: Duration,
    /// Up to where creations may fill it.
    pub bounds: Bounds,
}

/// Up to where creations may fill a store: whatever ends secrets still has room then.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes that it may have.
    pub max_bytes: u64,
    /// Bytes that are to be left on its disk.
    pub min_free_bytes: u64,
}

impl Bounds {
    /// As far as the disk goes.
    pub const NONE: Self = Self { max_bytes: u64::MAX, min_free_bytes: 0 };
}

/// Stores a secret, if its creation is not remembered already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// The secret.
    pub secret: SealedSecret,
    /// Tells the right passphrase, if the secret has one.
    pub verifier: Option<Verifier>,
    /// The id of its receipt, if it has one.
    pub receipt_id: Option<ReceiptId>,
    /// Recognises a retry of this creation, if it may be retried.
    pub creation: Option<NewCreation>,
}

/// What became of a [`Create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is stored.
    Stored,
    /// It is not stored: this creation was made before.
    Before(Creation),
}

/// Takes the living secret that has one of these ids. It is deleted and handed over; with redelivery_ids,
/// it is kept under the first of them for a repeat. What is kept under one of them already is handed
/// over again.
#[derive(Clone)]
pub struct Take {
    /// The ids it may have, the likeliest first.
    pub candidates: Vec<LookupId>,
    /// The ids it may be kept under for a repeat, the first of them for a new one; none if it is
    /// not to be kept.
    pub redelivery_ids: Vec<RedeliveryId>,
    /// What knowing the passphrase comes down to, if there is one.
    pub proof: Option<Proof>,
}

/// What knowing a passphrase comes down to in a store.
#[derive(Clone, Debug)]
pub struct Proof {
    /// What it compares.
    pub verifier: Verifier,
    /// What it keeps for a repeat.
    pub wrapped_key: Option<WrappedKey>,
}

/// What came of a [`Take`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is deleted, durably, and here it is.
    Secret(SealedSecret),
    /// It was deleted before, and here it is again.
    Again {
        /// The secret.
        secret: SealedSecret,
        /// What was kept of its passphrase, if it has one.
        wrapped_key: Option<WrappedKey>,
    },
    /// A passphrase is needed. It stays.
    PassphraseRequired {
        /// The secret key the passphrase goes with.
        key_id: KeyId,
    },
    /// The passphrase is wrong. It stays while attempts are left; without, it is deleted.
    WrongPassphrase {
        /// How many are left.
        attempts_left: u32,
    },
    /// There is none.
    Nothing,
}

/// Deletes what one of these ids is kept under for a repeat. Tells whether there was something. A
/// living secret is never touched.
pub struct Acknowledge(pub Vec<RedeliveryId>);

/// Looks at the living secret that has one of these ids, and leaves it.
pub struct Peek(pub Vec<LookupId>);

/// What can be known of a secret without taking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peeked {
    /// From this instant on it is gone.
    pub expires_at: Timestamp,
    /// Whether a passphrase is needed beside the token.
    pub passphrase_required: bool,
}

/// Deletes the living secret that has one of these ids, unseen. Tells whether there was one. What
/// is kept of it for a repeat is deleted, too, but that was seen.
pub struct Burn(pub Vec<LookupId>);

/// Asks what became of the secret whose receipt has one of these ids.
pub struct Inspect(pub Vec<ReceiptId>);

/// Burns the secret whose receipt has one of these ids, as [`Burn`] does. Tells what became of it.
pub struct Revoke(pub Vec<ReceiptId>);

/// Waits until the secret whose receipt has one of these ids is taken, burned or locked; or does
/// not wait, if there is nothing to wait for. Its expiry is no event: who waits knows the instant.
pub struct Watch(pub Vec<ReceiptId>);

/// What a receipt tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptStatus {
    /// What became of the secret.
    pub state: State,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it expires or would have.
    pub expires_at: Timestamp,
    /// When it ended, if it did.
    pub ended_at: Option<Timestamp>,
}

/// What became of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing yet: it can be viewed.
    Pending,
    /// It was handed out.
    Viewed,
    /// It was deleted unseen.
    Burned,
    /// It was destroyed after too many wrong passphrases.
    Locked,
    /// Its time was up.
    Expired,
}

impl State {
    /// Every state, and its name.
    const NAMES: [(Self, &str); 5] = [
        (Self::Pending, "pending"),
        (Self::Viewed, "viewed"),
        (Self::Burned, "burned"),
        (Self::Locked, "locked"),
        (Self::Expired, "expired"),
    ];

    /// Its name, in lower case.
    pub const fn as_str(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find_map(|(state, its)| (its == name).then_some(state))
    }
}

/// Deletes some of what has ended: secrets that expired, repeats whose time is up, receipts and
/// creations that were kept long enough; with the last of them, erases from the files what is left
/// of all that was deleted.
pub struct Purge;

/// What a [`Purge`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// Secrets deleted that had expired.
    pub secrets: usize,
    /// Whether nothing more has to be deleted, and the files are clean.
    pub is_complete: bool,
}

/// Counts the secrets under other secret keys than these, in a portion of all living ones.
pub struct Survey {
    /// The ids of the secret keys that are configured.
    pub known: Vec<KeyId>,
    /// The end of the last portion; nothing for the first.
    pub after: Option<Place>,
}

/// The result of a [`Survey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// Secrets under other keys.
    pub unknown_keys: u64,
    /// Where the next portion begins, if there is one.
    pub next: Option<Place>,
}

/// Counts a portion of the secrets for the metrics. Tells whether all are counted.
pub struct Count;

/// A place among the secrets of a store, which alone knows its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(pub i64);

/// Commits something small, to see whether the store can. It fails as well while purging or erasing
/// fails.
pub struct Ping;

/// Finishes what is under way, erases, and closes the store.
pub struct Close;
