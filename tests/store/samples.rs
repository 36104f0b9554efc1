//! Sealed secrets for tests: numbered, and recognisable by their bytes wherever these are found.

use std::time::Duration;

use viewonce::domain::clock::Timestamp;
use viewonce::domain::id::{
    CreationId, DIGEST_BYTES, ID_BYTES, KeyId, LookupId, NONCE_BYTES, Nonce, ReceiptId,
    RedeliveryId, Verifier,
};
use viewonce::domain::idempotency_key::NewCreation;
use viewonce::domain::passphrase::WrappedKey;
use viewonce::domain::secret::{Flags, SealedSecret};
use viewonce::store::{Create, Proof, Take};

/// How long a secret lives, unless a test says otherwise.
pub(crate) const HOUR: Duration = Duration::from_hours(1);
/// One in so many secrets takes several pages of a database.
pub(crate) const LARGE_ONE_IN: u32 = 50;
/// Bytes of a [`mark`].
pub(crate) const MARK_BYTES: usize = 16;
/// The idempotency key of a viewer, by its number.
pub(crate) const KEY: u32 = 1;
/// That of another.
pub(crate) const ANOTHER_KEY: u32 = 2;
/// The ids of secrets begin with so many instants, all earlier than any expiry, in no order.
const INSTANTS: u32 = 50;
/// Bytes of a wrapped passphrase key: 32, and the tag.
const WRAPPED_KEY_BYTES: usize = 48;

/// What is to be kept beside a secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    has_passphrase: bool,
    has_receipt: bool,
    is_repeatable: bool,
}

impl Terms {
    pub(crate) const PLAIN: Self =
        Self { has_passphrase: false, has_receipt: false, is_repeatable: false };
    pub(crate) const PASSPHRASE: Self = Self { has_passphrase: true, ..Self::PLAIN };
    pub(crate) const RECEIPT: Self = Self { has_receipt: true, ..Self::PLAIN };
    pub(crate) const PASSPHRASE_AND_RECEIPT: Self = Self { has_passphrase: true, ..Self::RECEIPT };
    pub(crate) const REPEATABLE: Self = Self { is_repeatable: true, ..Self::PLAIN };
    pub(crate) const REPEATABLE_WITH_RECEIPT: Self = Self { is_repeatable: true, ..Self::RECEIPT };
    pub(crate) const ALL: Self = Self { has_passphrase: true, ..Self::REPEATABLE_WITH_RECEIPT };

    /// Secret number `n` on these terms.
    pub(crate) fn of(self, n: u32, sealed: SealedSecret) -> Create {
        let Self { has_passphrase, has_receipt, is_repeatable } = self;
        Create {
            secret: SealedSecret { flags: Flags::new(has_passphrase, has_receipt), ..sealed },
            verifier: has_passphrase.then(|| verifier(n)),
            receipt_id: has_receipt.then(|| receipt_id(n)),
            creation: is_repeatable.then(|| creation(n)),
        }
    }
}

/// Secret number `n`. Most are small, and of many sizes.
pub(crate) fn secret(n: u32, expires_at: Timestamp) -> SealedSecret {
    secret_of_size(n, 1 + n as usize * 37 % 61, expires_at)
}

/// Secret number `n`, which consists of so many [`mark`]s unless it is a large one.
pub(crate) fn secret_of_size(n: u32, marks: usize, expires_at: Timestamp) -> SealedSecret {
    let marks = if n.is_multiple_of(LARGE_ONE_IN) { 1_000 } else { marks };
    SealedSecret {
        lookup_id: lookup_id(n),
        key_id: KeyId::from_bytes(n.to_le_bytes()),
        version: 1,
        flags: Flags::default(),
        expires_at,
        ciphertext: mark(n).repeat(marks).into_bytes(),
    }
}

/// The id of secret number `n`.
pub(crate) fn lookup_id(n: u32) -> LookupId {
    let mut digest = [0; DIGEST_BYTES];
    digest[..4].copy_from_slice(&drawn(n).to_be_bytes());
    LookupId::from_parts(Timestamp::from_millis(i64::from(drawn(!n) % INSTANTS)), &digest)
}

/// Creates a secret with nothing beside it.
pub(crate) fn create_of(secret: SealedSecret) -> Create {
    Create { secret, verifier: None, receipt_id: None, creation: None }
}

/// Takes what has one of these ids, neither repeatably nor by a passphrase.
pub(crate) fn take_of(candidates: Vec<LookupId>) -> Take {
    Take { candidates, redelivery_ids: Vec::new(), proof: None }
}

/// The one candidate under which secret number `n` is found.
pub(crate) fn only(n: u32) -> Vec<LookupId> {
    vec![lookup_id(n)]
}

/// The id of the receipt of secret number `n`.
pub(crate) fn receipt_id(n: u32) -> ReceiptId {
    ReceiptId::from_bytes(id_bytes(n, 1 << 32))
}

/// The one candidate under which the receipt of secret number `n` is found.
pub(crate) fn receipt(n: u32) -> Vec<ReceiptId> {
    vec![receipt_id(n)]
}

/// What secret number `n` is kept under for a viewer with this key.
pub(crate) fn redelivery_id(n: u32, key: u32) -> RedeliveryId {
    RedeliveryId::from_bytes(id_bytes(n, 2 << 32 | u128::from(key)))
}

/// What creation number `n` is remembered by.
pub(crate) fn creation_id(n: u32) -> CreationId {
    CreationId::from_bytes(id_bytes(n, 3 << 32))
}

/// Creation number `n`, of a sender whose secret key has always been the same.
pub(crate) fn creation(n: u32) -> NewCreation {
    let mut nonce = [0xc7; NONCE_BYTES];
    nonce[..ID_BYTES].copy_from_slice(&id_bytes(n, 4 << 32));
    let id = creation_id(n);
    NewCreation { id, candidates: vec![id], nonce: Nonce::from_bytes(nonce) }
}

/// What the passphrase of secret number `n` is told by.
pub(crate) fn verifier(n: u32) -> Verifier {
    Verifier::from_bytes(id_bytes(n, 5 << 32))
}

/// What is kept for a repeat of the passphrase of secret number `n`.
pub(crate) fn wrapped_key(n: u32) -> WrappedKey {
    let key = [id_bytes(n, 6 << 32); WRAPPED_KEY_BYTES / ID_BYTES].concat();
    WrappedKey(key)
}

/// What is 16 bytes of secret number `n`, another for each `purpose`.
fn id_bytes(n: u32, purpose: u128) -> [u8; ID_BYTES] {
    (u128::from(n).wrapping_mul(u128::MAX / 1_000_003) ^ purpose).to_be_bytes()
}

/// A take of secret number `n`, neither repeatable nor with a passphrase.
pub(crate) fn taking(n: u32) -> Take {
    take_of(only(n))
}

/// A take of secret number `n` that is repeatable with this key.
pub(crate) fn claiming(n: u32, key: u32) -> Take {
    Take { redelivery_ids: vec![redelivery_id(n, key)], ..taking(n) }
}

/// A take of secret number `n` with its passphrase.
pub(crate) fn knowing(n: u32) -> Take {
    let proof = Proof { verifier: verifier(n), wrapped_key: Some(wrapped_key(n)) };
    Take { proof: Some(proof), ..taking(n) }
}

/// A take of secret number `n` with its passphrase that is repeatable with this key.
pub(crate) fn knowing_and_claiming(n: u32, key: u32) -> Take {
    Take { redelivery_ids: vec![redelivery_id(n, key)], ..knowing(n) }
}

/// A take of secret number `n` with a wrong passphrase.
pub(crate) fn guessing(n: u32) -> Take {
    let proof = Proof { verifier: verifier(!n), wrapped_key: Some(wrapped_key(!n)) };
    Take { proof: Some(proof), ..taking(n) }
}

/// What the sealed bytes of secret number `n` consist of.
fn mark(n: u32) -> String {
    format!("sealed {n:08x}!")
}

/// The number of the secret whose [`mark`] this is.
pub(crate) fn marked(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"sealed ")?.strip_suffix(b"!")?;
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// A number that looks like a random one (the last steps of `MurmurHash3`).
pub(crate) fn drawn(lot: u32) -> u32 {
    let lot = (lot ^ lot >> 16).wrapping_mul(0x85eb_ca6b);
    let lot = (lot ^ lot >> 13).wrapping_mul(0xc2b2_ae35);
    lot ^ lot >> 16
}
