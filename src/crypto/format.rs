//! The sealed format, version 1, as pure functions.
//!
//! Notation: `HKDF[salt, info](key, n)` is HKDF-SHA-256 (RFC 5869), `||` concatenates, texts are
//! UTF-8, integers and floating-point numbers are big-endian. Each `info` is a constant label and fields
//! of fixed length (only `seal/1` has an optional field at its end). Two `info`s of different meaning
//! are therefore never the same bytes.
//!
//! ```text
//! token       = expiry || 26 random bytes, shown as base64url without padding (43 characters)
//! expiry      = when the secret expires, in ms since the Unix epoch: 6 bytes, as in UUIDv7 (RFC 9562)
//! root        = HKDF-Extract[salt = "viewonce"](SECRET_KEY)          one for each secret key
//! key_id      = HKDF-Expand[info = "key-id"](root, 4)
//! lookup_id   = expiry || HKDF-Expand[info = "lookup" || token](root, 10)      in every version
//! sealing_key = HKDF-Expand[info = "seal/1" || token [|| passphrase_key]](root, 64)
//! flags       = 1 if a passphrase is needed, plus 2 if there is a receipt
//! associated  = (version, lookup_id, expiry, flags)                  1, 16, 6 and 1 bytes
//! padded      = content || 0x80 || zeros, to a multiple of 64 bytes
//! sealed      = AES-256-SIV (RFC 5297) under sealing_key, headers = associated
//! ```
//!
//! - The store holds `lookup_id`, `key_id`, `associated` and `sealed`. Without both token and secret key,
//!   only `key_id`, version, flags and expiry can be read or tested against a guess.
//! - A sealing key is used once, so the determinism of SIV reveals nothing.
//! - Ten derived bytes are enough for an id: a client that hits one by chance, one try in 2^80 at the
//!   same millisecond, can destroy a secret, but not open it.
//! - The expiry comes first in an id: rows written, read and purged together then lie together.
//! - The expiry is authenticated: a row whose expiry was changed does not open.
//! - The other bits of `flags` are reserved; a secret that has one set does not open. Opening checks in
//!   this order: version, flags, key id, SIV tag, padding, UTF-8.
//! - The ids of new secrets, receipts, redeliveries and creations are derived from the current secret
//!   key. A secret's salt, verifier and wrapping key are derived from the key that its `key_id` names.
//!
//! # Passphrases
//!
//! ```text
//! salt           = HKDF-Expand[info = "passphrase-salt" || token](root, 16)
//! passphrase_key = Argon2id v1.3 (RFC 9106) of the passphrase in normal form C under salt:
//!                  3 passes, 64 MiB, 4 lanes, 32 bytes               its second recommendation
//! verifier       = HKDF-Expand[info = "verifier" || token || passphrase_key](root, 16)
//! ```
//!
//! - The store holds `verifier`. An attacker who has the store, the token and the secret key can test
//!   guesses at the passphrase, at the cost of Argon2 for each.
//!
//! # Receipts
//!
//! ```text
//! receipt    = 32 random bytes, shown as base64url like a token
//! receipt_id = HKDF-Expand[info = "receipt" || receipt](root, 16)
//! ```
//!
//! # Redelivery and retries
//!
//! `key` is the idempotency key that the sender of a request chose.
//!
//! ```text
//! redelivery_id = HKDF-Expand[info = "claim" || token || SHA-256(key)](root, 16)
//! wrapping_key  = HKDF-Expand[info = "wrap/1" || token || SHA-256(key)](root, 64)
//! wrapped       = AES-256-SIV of passphrase_key, not padded, under wrapping_key, header = lookup_id
//!
//! creation_id  = HKDF-Expand[info = "idempotency" || SHA-256(key)](root, 16)
//! nonce        = 32 random bytes
//! request      = given || ttl || length of passphrase || passphrase || content
//!                given: 1 byte, 1 if there is a lifetime, plus 2 if a passphrase, plus 4 if a receipt
//!                ttl: the hours as an IEEE 754 double, 0 if there is none
//!                passphrase: in normal form C, empty if there is none; its length: 4 bytes
//! token        = expiry ||
//!                HKDF-Expand[info = "repeat" || nonce || SHA-256(key) || SHA-256(request)](root, 26)
//! receipt      = HKDF-Expand[info = "repeat-receipt" || nonce || SHA-256(key) || SHA-256(request)](root, 32)
//! ```
//!
//! - A secret that was revealed with a key is kept as it was sealed, under `redelivery_id`. If it has a
//!   passphrase, `wrapped` is kept beside it, so that redelivery needs no passphrase.
//! - For a creation with a key, the store holds `creation_id`, `nonce`, `lookup_id` and the expiry. A
//!   retry derives the same token and receipt; a different request derives another `lookup_id`.
//! - An attacker who has the store, the secret key and a creation's idempotency key can test guesses at
//!   the whole request. So an idempotency key must be as hard to guess as a token, and is not stored.

mod padding;
mod passphrase;
mod retry;
mod siv;

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::domain::clock::Timestamp;
use crate::domain::id::{KEY_ID_BYTES, KeyId, LookupId, ReceiptId};
use crate::domain::passphrase::{Passphrase, PassphraseKey};
use crate::domain::secret::{Flags, Plaintext, SealedSecret};
use crate::domain::secret_key::{SecretKey, SecretKeys};
use crate::domain::token::{Receipt, Token};
use crate::store::Create;
use padding::{pad, unpad};
pub use retry::Retry;
use siv::{associated, decrypt, encrypt};

/// The version byte of this format.
pub const VERSION: u8 = 1;
/// Bytes of the SIV tag before the ciphertext (RFC 5297, section 2.6).
pub const TAG_BYTES: usize = 16;

const EXTRACT_SALT: &[u8] = b"viewonce";
const KEY_ID_LABEL: &[u8] = b"key-id";
const LOOKUP_LABEL: &[u8] = b"lookup";
const SEAL_LABEL: &[u8] = b"seal/1";
const RECEIPT_LABEL: &[u8] = b"receipt";
const SIV_KEY_BYTES: usize = 64;

/// Why a secret could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// This program does not know its version byte.
    #[error("unknown format version")]
    UnknownVersion,
    /// Its flags byte has a bit set that this program does not know.
    #[error("unknown flags")]
    UnknownFlags,
    /// None of the secret keys has its key id.
    #[error("sealed under a secret key that is not configured")]
    UnknownKey,
    /// Token, passphrase, ciphertext and associated data do not belong together.
    #[error("authentication failed")]
    Forged,
    /// It is authentic, but not padded text.
    #[error("invalid padding or text encoding")]
    Malformed,
    /// Allocating the memory for Argon2 failed.
    #[error("not enough memory to stretch a passphrase")]
    NoMemory,
    /// The operating system gave no random bytes for a token.
    #[error("the operating system gave no random bytes")]
    NoRandomness(#[from] getrandom::Error),
}

/// The sender's credentials for a secret.
#[derive(Debug)]
pub struct Issued {
    /// Opens the secret.
    pub token: Token,
    /// Reports the status of the secret, if the sender wants a receipt.
    pub receipt: Option<Receipt>,
}

impl Issued {
    /// Generates a token for a secret that expires at `expires_at`, and a receipt if one is wanted.
    ///
    /// # Errors
    ///
    /// [`FormatError::NoRandomness`].
    pub fn generate(expires_at: Timestamp, wants_receipt: bool) -> Result<Self, FormatError> {
        let receipt = if wants_receipt { Some(Receipt::generate()?) } else { None };
        Ok(Self { token: Token::generate(expires_at)?, receipt })
    }
}

/// The roots derived from the secret keys.
pub struct Roots {
    current: Root,
    previous: Vec<Root>,
}

struct Root {
    key_id: KeyId,
    hkdf: Hkdf<Sha256>,
}

impl Roots {
    /// Derives a root from each secret key.
    pub fn derive(keys: &SecretKeys) -> Self {
        Self {
            current: Root::derive(&keys.current),
            previous: keys.previous.iter().map(Root::derive).collect(),
        }
    }

    /// The ids of the secret keys, the current one's first.
    pub fn key_ids(&self) -> Vec<KeyId> {
        self.iter().map(|root| root.key_id).collect()
    }

    /// Seals `content` under the token of `issued`, the passphrase if there is one, and the current
    /// secret key. A passphrase takes about 100 ms of one core, and 64 MiB of memory.
    ///
    /// # Errors
    ///
    /// [`FormatError::NoMemory`], with a passphrase.
    pub fn seal(
        &self,
        issued: &Issued,
        content: &Plaintext,
        passphrase: Option<&Passphrase>,
    ) -> Result<Create, FormatError> {
        let (root, Issued { token, receipt }) = (&self.current, issued);
        let proof = passphrase.map(|passphrase| root.prove(token, passphrase)).transpose()?;
        let (lookup_id, expires_at) = (root.lookup_id(token), token.expires_at());
        let flags = Flags::new(proof.is_some(), receipt.is_some());
        let headers = associated(VERSION, lookup_id, expires_at, flags);
        let siv = root.siv(token, proof.as_ref().map(|(_verifier, key)| key));
        let ciphertext = encrypt(siv, &headers.as_slices(), pad(content.expose_text().as_bytes()));
        let (version, key_id) = (VERSION, root.key_id);
        Ok(Create {
            secret: SealedSecret { lookup_id, key_id, version, flags, expires_at, ciphertext },
            verifier: proof.map(|(verifier, _key)| verifier),
            receipt_id: receipt.as_ref().map(|receipt| root.receipt_id(receipt)),
            creation: None,
        })
    }

    /// The ids that the secret of `token` may be stored under, the current key's first.
    pub fn locate(&self, token: &Token) -> Vec<LookupId> {
        self.iter().map(|root| root.lookup_id(token)).collect()
    }

    /// The ids that `receipt` may be stored under, the current key's first.
    pub fn locate_receipt(&self, receipt: &Receipt) -> Vec<ReceiptId> {
        self.iter().map(|root| root.receipt_id(receipt)).collect()
    }

    /// Opens a secret that was sealed under `token` and, if it has one, a passphrase.
    ///
    /// # Errors
    ///
    /// [`FormatError`], which names the first check that failed.
    pub fn open(
        &self,
        token: &Token,
        sealed: SealedSecret,
        passphrase_key: Option<&PassphraseKey>,
    ) -> Result<Plaintext, FormatError> {
        let SealedSecret { lookup_id, key_id, version, flags, expires_at, ciphertext } = sealed;
        if version != VERSION {
            return Err(FormatError::UnknownVersion);
        }
        if !flags.are_known() {
            return Err(FormatError::UnknownFlags);
        }
        let siv = self.root(key_id)?.siv(token, passphrase_key);
        let headers = associated(version, lookup_id, expires_at, flags);
        let mut buffer = decrypt(siv, &headers.as_slices(), ciphertext)?;
        unpad(&mut buffer)?;
        let text = String::from_utf8(std::mem::take(&mut *buffer)).map_err(|error| {
            error.into_bytes().zeroize();
            FormatError::Malformed
        })?;
        Plaintext::parse(text).map_err(|_empty| FormatError::Malformed)
    }

    fn iter(&self) -> impl Iterator<Item = &Root> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    fn root(&self, key_id: KeyId) -> Result<&Root, FormatError> {
        self.iter().find(|root| root.key_id == key_id).ok_or(FormatError::UnknownKey)
    }
}

impl Root {
    fn derive(key: &SecretKey) -> Self {
        let hkdf = Hkdf::new(Some(EXTRACT_SALT), key.expose_bytes());
        let mut key_id = [0; KEY_ID_BYTES];
        expand(&hkdf, &[KEY_ID_LABEL], &mut key_id);
        Self { key_id: KeyId::from_bytes(key_id), hkdf }
    }

    fn lookup_id(&self, token: &Token) -> LookupId {
        let digest = self.expand(&[LOOKUP_LABEL, token.expose_bytes()]);
        LookupId::from_parts(token.expires_at(), &digest)
    }

    fn receipt_id(&self, receipt: &Receipt) -> ReceiptId {
        ReceiptId::from_bytes(self.expand(&[RECEIPT_LABEL, receipt.expose_bytes()]))
    }

    fn siv(&self, token: &Token, passphrase_key: Option<&PassphraseKey>) -> Aes256Siv {
        let passphrase_key = passphrase_key.map_or(&[][..], |key| key.expose_bytes());
        self.siv_of(&[SEAL_LABEL, token.expose_bytes(), passphrase_key])
    }

    /// Derives bytes that are not secret: they are not wiped.
    fn expand<const N: usize>(&self, info: &[&[u8]]) -> [u8; N] {
        let mut derived = [0; N];
        expand(&self.hkdf, info, &mut derived);
        derived
    }

    fn siv_of(&self, info: &[&[u8]]) -> Aes256Siv {
        let mut key = Zeroizing::new([0; SIV_KEY_BYTES]);
        expand(&self.hkdf, info, &mut *key);
        Aes256Siv::new((&*key).into())
    }
}

#[expect(clippy::expect_used, reason = "HKDF refuses only outputs over 255 hashes long")]
fn expand(hkdf: &Hkdf<Sha256>, info: &[&[u8]], output: &mut [u8]) {
    hkdf.expand_multi_info(info, output).expect("every output is at most 64 bytes");
}
