//! Requests with an idempotency key: the ids that recognise a retry, and deriving the same answer again.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{FormatError, Issued, Random, Root, Roots, expand};
use crate::crypto::Seal;
use crate::domain::clock::Timestamp;
use crate::domain::id::{CreationId, Nonce, RedeliveryId};
use crate::domain::idempotency_key::{Creation, IdempotencyKey, NewCreation};
use crate::domain::passphrase::Passphrase;
use crate::domain::secret::ShredKey;
use crate::domain::token::{Receipt, Token};

const CLAIM_LABEL: &[u8] = b"claim";
const CREATION_LABEL: &[u8] = b"idempotency";
const TOKEN_LABEL: &[u8] = b"repeat";
const RECEIPT_LABEL: &[u8] = b"repeat-receipt";
const DIGEST_BYTES: usize = 32;
const HAS_TTL: u8 = 1;
const HAS_PASSPHRASE: u8 = 2;
const WANTS_RECEIPT: u8 = 4;
const IS_NOT_UTF8: u8 = 8;
const IS_ENCRYPTED: u8 = 16;

/// The digests of a creation with an idempotency key. A different request or key gives a different
/// token. Wiped on drop, because the digests allow testing guesses at the request.
pub struct Retry {
    key: Zeroizing<[u8; DIGEST_BYTES]>,
    request: Zeroizing<[u8; DIGEST_BYTES]>,
    wants_receipt: bool,
}

impl Retry {
    /// The digests of `seal`; `None` without an idempotency key.
    pub fn of(seal: &Seal) -> Option<Self> {
        let (key, request) = (key_digest(seal.key.as_ref()?), request_digest(seal));
        Some(Self { key, request, wants_receipt: seal.wants_receipt })
    }
}

impl Roots {
    /// The ids that a secret taken with `token` and `key` may be kept under, the current key's first.
    pub fn redelivery_ids(&self, token: &Token, key: &IdempotencyKey) -> Vec<RedeliveryId> {
        let digest = key_digest(key);
        let redelivery_id =
            |root: &Root| root.expand(&[CLAIM_LABEL, token.expose_bytes(), &*digest]);
        self.iter().map(redelivery_id).map(RedeliveryId::from_bytes).collect()
    }

    /// Derives the token and the receipt of a new repeatable creation. Returns them with its shred key,
    /// and the record by which a retry of it is recognised.
    ///
    /// # Errors
    ///
    /// [`FormatError::NoRandomness`].
    pub fn issue(
        &self,
        retry: &Retry,
        expires_at: Timestamp,
    ) -> Result<(Issued, ShredKey, NewCreation), FormatError> {
        let random = Random::generate()?;
        let [nonce, _, shred_key] = &random.0;
        let nonce = Nonce::from_bytes(*nonce);
        let creation = NewCreation {
            id: self.current.creation_id(retry),
            candidates: self.iter().map(|root| root.creation_id(retry)).collect(),
            nonce,
        };
        let issued = self.current.issued(retry, &nonce, expires_at);
        Ok((issued, ShredKey::from_bytes(*shred_key), creation))
    }

    /// Derives the token and receipt of `creation` again; `None` if `retry` is not a retry of it.
    pub fn reissue(&self, retry: &Retry, creation: &Creation) -> Option<Issued> {
        let root = self.iter().find(|root| root.creation_id(retry) == creation.id)?;
        let issued = root.issued(retry, &creation.nonce, creation.expires_at);
        (root.lookup_id(&issued.token) == creation.lookup_id).then_some(issued)
    }
}

impl Root {
    fn creation_id(&self, retry: &Retry) -> CreationId {
        CreationId::from_bytes(self.expand(&[CREATION_LABEL, &*retry.key]))
    }

    fn issued(&self, retry: &Retry, nonce: &Nonce, expires_at: Timestamp) -> Issued {
        let token = Token::from_parts(expires_at, &self.derive_issued(TOKEN_LABEL, retry, nonce));
        let receipt = || Receipt::from_bytes(*self.derive_issued(RECEIPT_LABEL, retry, nonce));
        Issued { token, receipt: retry.wants_receipt.then(receipt) }
    }

    /// Derives bytes that take the place of random ones.
    fn derive_issued<const N: usize>(
        &self,
        label: &[u8],
        retry: &Retry,
        nonce: &Nonce,
    ) -> Zeroizing<[u8; N]> {
        let mut derived = Zeroizing::new([0; N]);
        let info = [label, nonce.as_bytes(), retry.key.as_slice(), retry.request.as_slice()];
        expand(&self.hkdf, &info, &mut *derived);
        derived
    }
}

pub(super) fn key_digest(key: &IdempotencyKey) -> Zeroizing<[u8; DIGEST_BYTES]> {
    Zeroizing::new(Sha256::digest(key.expose_text()).into())
}

fn request_digest(seal: &Seal) -> Zeroizing<[u8; DIGEST_BYTES]> {
    let Seal { content, time_to_live, passphrase, wants_receipt, key: _ } = seal;
    let ttl_hours = time_to_live.hours;
    let given = u8::from(ttl_hours.is_some()) * HAS_TTL
        + u8::from(passphrase.is_some()) * HAS_PASSPHRASE
        + u8::from(*wants_receipt) * WANTS_RECEIPT
        + u8::from(!content.is_text()) * IS_NOT_UTF8
        + u8::from(content.is_encrypted()) * IS_ENCRYPTED;
    let passphrase = passphrase.as_ref().map_or("", Passphrase::expose_text);
    let length = u32::try_from(passphrase.len()).unwrap_or(u32::MAX);
    let digest = Sha256::new()
        .chain_update([given])
        .chain_update(ttl_hours.unwrap_or_default().to_be_bytes())
        .chain_update(length.to_be_bytes())
        .chain_update(passphrase)
        .chain_update(content.expose_bytes())
        .finalize();
    Zeroizing::new(digest.into())
}
