//! The sealed format, version 2, as pure functions. `docs/format.md` specifies it: what is derived from
//! what, under which labels, and why. In short, for a secret without a passphrase:
//!
//! ```text
//! token       = expiry || 26 random bytes                            6 and 26 bytes
//! root        = HKDF-Extract[salt = "viewonce"](SECRET_KEY)          one for each secret key
//! lookup_id   = expiry || HKDF-Expand[info = "lookup" || token](root, 10)      in every version
//! shred_key   = 32 random bytes, which the store keeps apart from the sealed bytes
//! sealing_key = HKDF[salt = shred_key, info = "seal/2"](root || token, 64)
//! associated  = (version, lookup_id, expiry, flags)                  1, 16, 6 and 1 bytes
//! padded      = content || 0x80 || zeros, to a multiple of 64 bytes
//! sealed      = AES-256-SIV (RFC 5297) under sealing_key, headers = associated
//! ```
//!
//! Everything derived from a root has an `info` of a constant label and fields of fixed length, so two
//! `info`s of different meaning are never the same bytes. The functions know neither store nor HTTP.

mod padding;
mod passphrase;
mod retry;
mod siv;

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use hkdf::{Hkdf, HkdfExtract};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain::clock::Timestamp;
use crate::domain::id::{KEY_ID_BYTES, KeyId, LookupId, ReceiptId};
use crate::domain::passphrase::{Passphrase, PassphraseKey};
use crate::domain::secret::{Flags, Plaintext, SealedSecret, ShredKey};
use crate::domain::secret_key::{SecretKey, SecretKeys};
use crate::domain::token::{Receipt, Token};
use crate::store::Create;
use padding::{pad, unpad};
pub use retry::Retry;
use siv::{associated, decrypt, encrypt};

/// The version byte of this format.
pub const VERSION: u8 = 2;
/// Bytes of the SIV tag before the ciphertext (RFC 5297, section 2.6).
pub const TAG_BYTES: usize = 16;

const EXTRACT_SALT: &[u8] = b"viewonce";
const KEY_ID_LABEL: &[u8] = b"key-id";
const LOOKUP_LABEL: &[u8] = b"lookup";
const SEAL_LABEL: &[u8] = b"seal/2";
const RECEIPT_LABEL: &[u8] = b"receipt";
const SIV_KEY_BYTES: usize = 64;
const ROOT_BYTES: usize = 32;

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
    /// It is authentic, but not padded, or not in the encoding that its flags name.
    #[error("invalid padding or text encoding")]
    Malformed,
    /// Allocating the memory for Argon2 failed.
    #[error("not enough memory to stretch a passphrase")]
    NoMemory,
    /// The operating system gave no random bytes for a token.
    #[error("the operating system gave no random bytes")]
    NoRandomness(#[from] getrandom::Error),
}

/// The random bytes of a creation. One call of the operating system's generator makes all of them.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Random([[u8; 32]; 3]);

impl Random {
    fn generate() -> Result<Self, FormatError> {
        let mut random = Self(Default::default());
        getrandom::fill(random.0.as_flattened_mut())?;
        Ok(random)
    }
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
    /// Generates a token for a secret that expires at `expires_at`, a receipt if one is wanted, and the
    /// shred key.
    ///
    /// # Errors
    ///
    /// [`FormatError::NoRandomness`].
    pub fn generate(
        expires_at: Timestamp,
        wants_receipt: bool,
    ) -> Result<(Self, ShredKey), FormatError> {
        let random = Random::generate()?;
        let [token, receipt, shred_key] = &random.0;
        let token = Token::from_random(expires_at, token);
        let receipt = wants_receipt.then(|| Receipt::from_bytes(*receipt));
        Ok((Self { token, receipt }, ShredKey::from_bytes(*shred_key)))
    }
}

/// The roots derived from the secret keys.
pub struct Roots {
    current: Root,
    previous: Vec<Root>,
}

struct Root {
    key_id: KeyId,
    /// The root itself, as a part of the input of each sealing key.
    bytes: Zeroizing<[u8; ROOT_BYTES]>,
    /// Derives everything else from the root.
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

    /// Seals `content` under the token of `issued`, `shred_key`, the passphrase if there is one, and the
    /// current secret key. A passphrase takes about 100 ms of one core, and 64 MiB of memory.
    ///
    /// # Errors
    ///
    /// [`FormatError::NoMemory`], with a passphrase.
    pub fn seal(
        &self,
        issued: &Issued,
        shred_key: ShredKey,
        content: &Plaintext,
        passphrase: Option<&Passphrase>,
    ) -> Result<Create, FormatError> {
        let (root, Issued { token, receipt }) = (&self.current, issued);
        let proof = passphrase.map(|passphrase| root.prove(token, passphrase)).transpose()?;
        let (lookup_id, expires_at) = (root.lookup_id(token), token.expires_at());
        let flags = Flags::default()
            .with(Flags::PASSPHRASE, proof.is_some())
            .with(Flags::RECEIPT, receipt.is_some())
            .with(Flags::NOT_UTF8, !content.is_text())
            .with(Flags::ENCRYPTED, content.is_encrypted());
        let headers = associated(VERSION, lookup_id, expires_at, flags);
        let siv = root.siv(token, &shred_key, proof.as_ref().map(|(_verifier, key)| key));
        let ciphertext = encrypt(siv, &headers.as_slices(), pad(content.expose_bytes()));
        let (version, key_id) = (VERSION, root.key_id);
        Ok(Create {
            secret: SealedSecret {
                lookup_id,
                key_id,
                version,
                flags,
                expires_at,
                shred_key,
                ciphertext,
            },
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
        let SealedSecret { lookup_id, key_id, version, flags, expires_at, shred_key, ciphertext } =
            sealed;
        if version != VERSION {
            return Err(FormatError::UnknownVersion);
        }
        if !flags.are_known() {
            return Err(FormatError::UnknownFlags);
        }
        let siv = self.root(key_id)?.siv(token, &shred_key, passphrase_key);
        let headers = associated(version, lookup_id, expires_at, flags);
        let mut buffer = decrypt(siv, &headers.as_slices(), ciphertext)?;
        unpad(&mut buffer)?;
        let content = Plaintext::parse_bytes(std::mem::take(&mut *buffer))
            .map_err(|_empty| FormatError::Malformed)?;
        if content.is_text() == flags.has(Flags::NOT_UTF8) {
            return Err(FormatError::Malformed);
        }
        Ok(content.encrypted(flags.has(Flags::ENCRYPTED)))
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
        let (root, hkdf) = Hkdf::<Sha256>::extract(Some(EXTRACT_SALT), key.expose_bytes());
        let mut key_id = [0; KEY_ID_BYTES];
        expand(&hkdf, &[KEY_ID_LABEL], &mut key_id);
        Self { key_id: KeyId::from_bytes(key_id), bytes: Zeroizing::new(root.into()), hkdf }
    }

    fn lookup_id(&self, token: &Token) -> LookupId {
        let digest = self.expand(&[LOOKUP_LABEL, token.expose_bytes()]);
        LookupId::from_parts(token.expires_at(), &digest)
    }

    fn receipt_id(&self, receipt: &Receipt) -> ReceiptId {
        ReceiptId::from_bytes(self.expand(&[RECEIPT_LABEL, receipt.expose_bytes()]))
    }

    fn siv(
        &self,
        token: &Token,
        shred_key: &ShredKey,
        passphrase_key: Option<&PassphraseKey>,
    ) -> Aes256Siv {
        let mut extract = HkdfExtract::<Sha256>::new(Some(shred_key.expose_bytes()));
        extract.input_ikm(&*self.bytes);
        extract.input_ikm(token.expose_bytes());
        if let Some(key) = passphrase_key {
            extract.input_ikm(key.expose_bytes());
        }
        let (_prk, hkdf) = extract.finalize();
        siv_of(&hkdf, &[SEAL_LABEL])
    }

    /// Derives bytes that are not secret: they are not wiped.
    fn expand<const N: usize>(&self, info: &[&[u8]]) -> [u8; N] {
        let mut derived = [0; N];
        expand(&self.hkdf, info, &mut derived);
        derived
    }
}

fn siv_of(hkdf: &Hkdf<Sha256>, info: &[&[u8]]) -> Aes256Siv {
    let mut key = Zeroizing::new([0; SIV_KEY_BYTES]);
    expand(hkdf, info, &mut *key);
    Aes256Siv::new((&*key).into())
}

#[expect(clippy::expect_used, reason = "HKDF refuses only outputs over 255 hashes long")]
fn expand(hkdf: &Hkdf<Sha256>, info: &[&[u8]], output: &mut [u8]) {
    hkdf.expand_multi_info(info, output).expect("every output is at most 64 bytes");
}
