//! The messages to a store, and its answers. A message with several ids is about the secret or receipt
//! that has one of them; the likeliest id comes first.

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::id::{KeyId, LookupId, ReceiptId, RedeliveryId, Verifier};
use crate::domain::idempotency_key::{Creation, NewCreation};
use crate::domain::passphrase::WrappedKey;
use crate::domain::secret::SealedSecret;

/// How long a creation is remembered so that it can be retried.
pub const CREATIONS_KEPT: Duration = Duration::from_hours(24);

/// The settings of a store, the same for every backend.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The number of wrong passphrases that destroys a new secret.
    pub attempts: u32,
    /// How long a secret that was taken with an idempotency key is kept for redelivery.
    pub redelivery: Duration,
    /// How long a receipt is kept after the end of its secret.
    pub receipts_kept: Duration,
    /// How soon after its end a secret must be erased. Creations are refused while purges leave secrets
    /// that ended more than half of this time ago.
    pub erase_within: Duration,
    /// The limits up to which creations may fill the store.
    pub bounds: Bounds,
}

/// The limits up to which creations may fill a store. They leave space for the writes that end secrets.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most bytes that the store may use.
    pub max_bytes: u64,
    /// The bytes that must stay free on its file system.
    pub min_free_bytes: u64,
}

impl Bounds {
    /// No limit but the size of the disk.
    pub const NONE: Self = Self { max_bytes: u64::MAX, min_free_bytes: 0 };
}

/// Stores a secret, unless the store remembers the same creation already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// The secret.
    pub secret: SealedSecret,
    /// Recognises the right passphrase, if the secret has one.
    pub verifier: Option<Verifier>,
    /// The id of its receipt, if it has one.
    pub receipt_id: Option<ReceiptId>,
    /// Recognises a retry of this creation, if it may be retried.
    pub creation: Option<NewCreation>,
}

/// The result of a [`Create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The secret is stored.
    Stored,
    /// Nothing is stored: this creation was made before.
    Before(Creation),
}

/// Ends and returns the living secret that has one of these ids. It is deleted, or, if `redelivery_ids` is
/// not empty, kept for redelivery under the first of them. A secret that is kept under any of them already
/// is returned again.
#[derive(Clone)]
pub struct Take {
    /// The ids that the secret may have, the likeliest first.
    pub candidates: Vec<LookupId>,
    /// The ids that it may be kept under for redelivery; a new one is kept under the first. Empty if it
    /// must not be kept.
    pub redelivery_ids: Vec<RedeliveryId>,
    /// Proves that the caller knows the passphrase, if one was given.
    pub proof: Option<Proof>,
}

/// Proves to the store that the caller knows the passphrase.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Compared by the store.
    pub verifier: Verifier,
    /// Kept by the store for redelivery.
    pub wrapped_key: Option<WrappedKey>,
}

/// The result of a [`Take`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The secret, which is durably deleted.
    Secret(SealedSecret),
    /// The secret was taken before and is redelivered.
    Again {
        /// The secret.
        secret: SealedSecret,
        /// The wrapped passphrase key, if it has a passphrase.
        wrapped_key: Option<WrappedKey>,
    },
    /// A passphrase is required. The secret stays.
    PassphraseRequired {
        /// The secret key under which to stretch the passphrase.
        key_id: KeyId,
    },
    /// The passphrase is wrong. The secret stays while attempts are left, and is deleted after the last.
    WrongPassphrase {
        /// How many attempts are left.
        attempts_left: u32,
    },
    /// No such secret.
    Nothing,
}

/// Deletes the secret that is kept for redelivery. Returns whether it existed. Never touches a living
/// secret.
pub struct Acknowledge {
    /// The ids that the secret may have.
    pub candidates: Vec<LookupId>,
    /// The ids that it may be kept under for redelivery.
    pub redelivery_ids: Vec<RedeliveryId>,
}

/// Reads the public facts of the living secret that has one of these ids. The secret stays.
pub struct Peek(pub Vec<LookupId>);

/// The facts about a secret that can be read without taking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peeked {
    /// The instant from which on the secret is gone.
    pub expires_at: Timestamp,
    /// Whether a passphrase is required in addition to the token.
    pub passphrase_required: bool,
}

/// Deletes the living secret that has one of these ids, unseen. Returns whether it existed. A secret
/// kept for redelivery is deleted, too, but does not count: it was seen.
pub struct Burn(pub Vec<LookupId>);

/// Reads the status of the secret whose receipt has one of these ids.
pub struct Inspect(pub Vec<ReceiptId>);

/// Burns the secret whose receipt has one of these ids, as [`Burn`] does. Returns its status.
pub struct Revoke(pub Vec<ReceiptId>);

/// Waits until the secret whose receipt has one of these ids is taken, burned or locked. Returns at once
/// if the receipt is not pending. Expiry wakes nobody: the caller knows that instant.
pub struct Watch(pub Vec<ReceiptId>);

/// The status that a receipt reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptStatus {
    /// The state of the secret.
    pub state: State,
    /// When the secret was stored.
    pub created_at: Timestamp,
    /// When it expires or would have expired.
    pub expires_at: Timestamp,
    /// When it ended, if it has.
    pub ended_at: Option<Timestamp>,
}

/// The state of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be viewed.
    Pending,
    /// It was viewed.
    Viewed,
    /// It was deleted unseen.
    Burned,
    /// It was destroyed after too many wrong passphrases.
    Locked,
    /// It expired unseen.
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

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find_map(|(state, its)| (its == name).then_some(state))
    }
}

/// Deletes a portion of the ended rows: expired secrets, and redeliveries, receipts and creations whose
/// retention is over. After the last portion, and now and then before, erases the traces of all deleted
/// rows from the files.
pub struct Purge;

/// The result of a [`Purge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// The number of expired secrets deleted.
    pub secrets: usize,
    /// Whether nothing is left to delete, and the files are clean.
    pub is_complete: bool,
}

/// Counts the living secrets under unknown secret keys in a portion of the store.
pub struct Survey {
    /// The ids of the secret keys that are configured.
    pub known: Vec<KeyId>,
    /// The end of the previous portion; `None` for the first.
    pub after: Option<Place>,
}

/// The result of a [`Survey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// The number of secrets under unknown keys.
    pub unknown_keys: u64,
    /// The `after` of the next portion, if there is one.
    pub next: Option<Place>,
}

/// Counts a portion of the secrets for the metrics. Returns whether all are counted.
pub struct Count;

/// A position among the secrets of a store. Only the store knows its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(pub i64);

/// Runs a read in a transaction (after a probing write, if the last transaction failed). Fails if the
/// last purge or erasure did.
pub struct Ping;

/// Runs the commands received before it, erases, and closes the store.
pub struct Close;
