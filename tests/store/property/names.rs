//! The ids and bytes of the secrets of a case. Different secrets share nothing but the keys of their
//! creations.

use viewonce::domain::clock::Timestamp;
use viewonce::domain::id::{CreationId, KeyId, LookupId, Nonce, ReceiptId, RedeliveryId, Verifier};
use viewonce::domain::idempotency_key::NewCreation;
use viewonce::domain::passphrase::WrappedKey;
use viewonce::domain::secret::{SealedSecret, ShredKey};
use viewonce::store::Create;

use crate::model::{Key, Passphrase, Terms};
use crate::samples::flags;

/// The number of a secret that never exists.
pub(super) const STRANGER: u32 = u32::MAX;

/// Secret number `number`, created `now`.
pub(super) fn new_secret(number: u32, terms: Terms, now: Timestamp) -> Create {
    let Terms { lifetime, has_passphrase, has_receipt, key } = terms;
    let creation = |Key(key)| NewCreation {
        id: creation_id(key),
        candidates: [STRANGER, key].map(creation_id).to_vec(),
        nonce: Nonce::from_bytes(bytes(number, 0)),
    };
    Create {
        secret: SealedSecret {
            lookup_id: lookup_id(number),
            key_id: KeyId::from_bytes(number.to_be_bytes()),
            version: 2,
            flags: flags(has_passphrase, has_receipt),
            expires_at: now.plus(lifetime),
            shred_key: ShredKey::from_bytes(bytes(number, 1)),
            ciphertext: format!("secret {number}").into_bytes(),
        },
        verifier: has_passphrase.then(|| verifier(number, Passphrase::Right)),
        receipt_id: has_receipt.then(|| receipt_id(number)),
        creation: key.map(creation),
    }
}

pub(super) fn lookup_id(number: u32) -> LookupId {
    LookupId::from_bytes(bytes(number, 0))
}

pub(super) fn receipt_id(number: u32) -> ReceiptId {
    ReceiptId::from_bytes(bytes(number, 0))
}

pub(super) fn redelivery_id(number: u32, key: Key) -> RedeliveryId {
    RedeliveryId::from_bytes(bytes(number, u8::try_from(key.0).unwrap()))
}

pub(super) fn verifier(number: u32, passphrase: Passphrase) -> Verifier {
    Verifier::from_bytes(bytes(number, passphrase as u8))
}

pub(super) fn wrapped_key(number: u32, key: Key) -> WrappedKey {
    WrappedKey(format!("passphrase of {number} for {key:?}").into_bytes())
}

fn creation_id(key: u32) -> CreationId {
    CreationId::from_bytes(bytes(key, 0))
}

fn bytes<const N: usize>(number: u32, kind: u8) -> [u8; N] {
    let mut bytes = [kind; N];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes
}
