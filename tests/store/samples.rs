//! Sealed secrets for tests: numbered, and recognisable by their bytes in any file.

use std::time::Duration;

use viewonce::domain::clock::Timestamp;
use viewonce::domain::id::{
    CreationId, DIGEST_BYTES, ID_BYTES, KeyId, LookupId, NONCE_BYTES, Nonce, ReceiptId,
    RedeliveryId, Verifier,
};
use viewonce::domain::idempotency_key::NewCreation;
use viewonce::domain::passphrase::WrappedKey;
use viewonce::domain::secret::{Flags, SHRED_KEY_BYTES, SealedSecret, ShredKey};
use viewonce::store::{Acknowledge, Create, Proof, Take};

/// Lifetime of a secret, unless a test sets another.
pub(crate) const HOUR: Duration = Duration::from_hours(1);
/// One secret in this many takes several pages of a database.
pub(crate) const LARGE_ONE_IN: u32 = 50;
/// Bytes of a [`mark`].
pub(crate) const MARK_BYTES: usize = 16;
/// The idempotency key of a viewer, by its number.
pub(crate) const KEY: u32 = 1;
/// The idempotency key of another viewer.
pub(crate) const ANOTHER_KEY: u32 = 2;
/// Number of distinct instants at the start of the ids: all earlier than any expiry, unsorted.
const INSTANTS: u32 = 50;
/// Bytes of a wrapped passphrase key: 32, and the tag.
const WRAPPED_KEY_BYTES: usize = 48;

/// The rows that are stored beside a secret.
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
            secret: SealedSecret { flags: flags(has_passphrase, has_receipt), ..sealed },
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

/// The flags of a secret with or without a passphrase and a receipt.
pub(crate) fn flags(has_passphrase: bool, has_receipt: bool) -> Flags {
    Flags::default().with(Flags::PASSPHRASE, has_passphrase).with(Flags::RECEIPT, has_receipt)
}

/// Secret number `n`, with `blocks` blocks of sealed bytes unless it is a large one. Each half of its shred
/// key is its [`mark`].
pub(crate) fn secret_of_size(n: u32, blocks: usize, expires_at: Timestamp) -> SealedSecret {
    let blocks = if n.is_multiple_of(LARGE_ONE_IN) { 1_000 } else { blocks };
    let mut shred_key = [0; SHRED_KEY_BYTES];
    shred_key.copy_from_slice(mark(n).repeat(2).as_bytes());
    SealedSecret {
        lookup_id: lookup_id(n),
        key_id: KeyId::from_bytes(n.to_le_bytes()),
        version: 2,
        flags: Flags::default(),
        expires_at,
        shred_key: ShredKey::from_bytes(shred_key),
        ciphertext: id_bytes(n, 7 << 32).repeat(blocks),
    }
}

/// The id of secret number `n`.
pub(crate) fn lookup_id(n: u32) -> LookupId {
    let mut digest = [0; DIGEST_BYTES];
    digest[..4].copy_from_slice(&pseudorandom(n).to_be_bytes());
    LookupId::from_parts(Timestamp::from_millis(i64::from(pseudorandom(!n) % INSTANTS)), &digest)
}

/// Creates a secret with nothing beside it.
pub(crate) fn create_of(secret: SealedSecret) -> Create {
    Create { secret, verifier: None, receipt_id: None, creation: None }
}

/// Ends the repeat of secret number `n` with this key.
pub(crate) fn acknowledgement(n: u32, key: u32) -> Acknowledge {
    Acknowledge { candidates: only(n), redelivery_ids: vec![redelivery_id(n, key)] }
}

/// Takes the secret with one of these ids, without repeat and without passphrase.
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

/// The id of the repeat of secret number `n` for a viewer with this key.
pub(crate) fn redelivery_id(n: u32, key: u32) -> RedeliveryId {
    RedeliveryId::from_bytes(id_bytes(n, 2 << 32 | u128::from(key)))
}

/// The id of creation number `n`.
pub(crate) fn creation_id(n: u32) -> CreationId {
    CreationId::from_bytes(id_bytes(n, 3 << 32))
}

/// Creation number `n`, of a sender whose secret key never changes.
pub(crate) fn creation(n: u32) -> NewCreation {
    let mut nonce = [0xc7; NONCE_BYTES];
    nonce[..ID_BYTES].copy_from_slice(&id_bytes(n, 4 << 32));
    let id = creation_id(n);
    NewCreation { id, candidates: vec![id], nonce: Nonce::from_bytes(nonce) }
}

/// The verifier of the passphrase of secret number `n`.
pub(crate) fn verifier(n: u32) -> Verifier {
    Verifier::from_bytes(id_bytes(n, 5 << 32))
}

/// The wrapped passphrase key in the repeat of secret number `n`.
pub(crate) fn wrapped_key(n: u32) -> WrappedKey {
    let key = [id_bytes(n, 6 << 32); WRAPPED_KEY_BYTES / ID_BYTES].concat();
    WrappedKey(key)
}

/// 16 bytes of secret number `n`, different for each `purpose`.
fn id_bytes(n: u32, purpose: u128) -> [u8; ID_BYTES] {
    (u128::from(n).wrapping_mul(u128::MAX / 1_000_003) ^ purpose).to_be_bytes()
}

/// A take of secret number `n`, neither repeatable nor with a passphrase.
pub(crate) fn plain_take(n: u32) -> Take {
    take_of(only(n))
}

/// A take of secret number `n` that is repeatable with this key.
pub(crate) fn repeatable_take(n: u32, key: u32) -> Take {
    Take { redelivery_ids: vec![redelivery_id(n, key)], ..plain_take(n) }
}

/// A take of secret number `n` with its passphrase.
pub(crate) fn unlock(n: u32) -> Take {
    let proof = Proof { verifier: verifier(n), wrapped_key: Some(wrapped_key(n)) };
    Take { proof: Some(proof), ..plain_take(n) }
}

/// A take of secret number `n` with its passphrase that is repeatable with this key.
pub(crate) fn repeatable_unlock(n: u32, key: u32) -> Take {
    Take { redelivery_ids: vec![redelivery_id(n, key)], ..unlock(n) }
}

/// A take of secret number `n` with a wrong passphrase.
pub(crate) fn wrong_guess(n: u32) -> Take {
    let proof = Proof { verifier: verifier(!n), wrapped_key: Some(wrapped_key(!n)) };
    Take { proof: Some(proof), ..plain_take(n) }
}

/// The piece of which the sealed bytes of secret number `n` consist.
fn mark(n: u32) -> String {
    format!("shred! {n:08x}!")
}

/// The number of the secret to which this [`mark`] belongs.
pub(crate) fn marked(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"shred! ")?.strip_suffix(b"!")?;
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// A pseudorandom number (the last steps of `MurmurHash3`).
pub(crate) fn pseudorandom(n: u32) -> u32 {
    let n = (n ^ n >> 16).wrapping_mul(0x85eb_ca6b);
    let n = (n ^ n >> 13).wrapping_mul(0xc2b2_ae35);
    n ^ n >> 16
}
