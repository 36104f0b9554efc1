//! The sealed format, version 1, as pure functions.
//!
//! Notation: `HKDF[salt, info](key, n)` is HKDF-SHA-256 (RFC 5869), `||` concatenates, integers
//! are big-endian. Every label is a constant, and what varies in an `info` has a fixed length.
//!
//! ```text
//! token       = 32 random bytes, shown as base64url without padding (43 characters)
//! root        = HKDF-Extract[salt = "viewonce"](SECRET_KEY)          one for each secret key
//! key_id      = HKDF-Expand[info = "key-id"](root, 4)
//! lookup_id   = HKDF-Expand[info = "lookup" || token](root, 16)      free of versions
//! sealing_key = HKDF-Expand[info = "seal/1" || token](root, 64)
//! associated  = (version, lookup_id, expires_at in ms, flags)        1, 16, 8 and 1 bytes
//! padded      = content || 0x80 || zeros, to a multiple of 64 bytes
//! sealed      = AES-256-SIV (RFC 5297) under sealing_key, headers = associated
//! ```
//!
//! - The store holds `lookup_id`, `key_id`, `associated` and `sealed`. None of them can be had, or
//!   tested against a guess, without both the token and the secret key.
//! - A sealing key is used once, so that SIV's being deterministic tells nothing.
//! - The expiry is authenticated: a row whose expiry was moved no longer opens.
//! - `flags` is 0; its bits are reserved.

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::clock::Timestamp;
use crate::key::{KEY_ID_BYTES, KeyId, SecretKey, SecretKeys};
use crate::secret::{Ciphertext, Plaintext, SealedSecret};
use crate::token::{LOOKUP_ID_BYTES, LookupId, Token};

/// The version byte of this format.
pub const VERSION: u8 = 1;
/// The flags byte of a secret without any flag.
pub const NO_FLAGS: u8 = 0;
/// Padded contents are a multiple of this many bytes long.
pub const PADDING_BLOCK: usize = 64;
/// Bytes of the SIV tag before the ciphertext (RFC 5297, section 2.6).
pub const TAG_BYTES: usize = 16;

const EXTRACT_SALT: &[u8] = b"viewonce";
const KEY_ID_LABEL: &[u8] = b"key-id";
const LOOKUP_LABEL: &[u8] = b"lookup";
const SEAL_LABEL: &[u8] = b"seal/1";
const SEALING_KEY_BYTES: usize = 64;
const PADDING_MARK: u8 = 0x80;

/// Why a sealed secret does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Its version byte is not one this program reads.
    #[error("the format's version is unknown")]
    UnknownVersion,
    /// None of the secret keys has its key id.
    #[error("it is sealed under a secret key that is not configured")]
    UnknownKey,
    /// Token, ciphertext and associated data do not belong together.
    #[error("it is not what was sealed")]
    Forged,
    /// It is authentic, but not padded text.
    #[error("its padding or its encoding is broken")]
    Malformed,
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
    #[must_use]
    pub fn derive(keys: &SecretKeys) -> Self {
        Self {
            current: Root::derive(&keys.current),
            previous: keys.previous.iter().map(Root::derive).collect(),
        }
    }

    /// Seals `content` under `token` and the current secret key.
    #[must_use]
    pub fn seal(&self, token: &Token, content: &Plaintext, expires_at: Timestamp) -> SealedSecret {
        let root = &self.current;
        let lookup_id = root.lookup_id(token);
        let mut buffer = pad(content.expose_text().as_bytes());
        let headers = associated(VERSION, lookup_id, expires_at, NO_FLAGS);
        root.seal_in_place(token, &headers, &mut buffer);
        SealedSecret {
            lookup_id,
            key_id: root.key_id,
            version: VERSION,
            flags: NO_FLAGS,
            expires_at,
            ciphertext: Ciphertext::from_bytes(buffer),
        }
    }

    /// Under which ids `token` may be stored, the current key's first.
    #[must_use]
    pub fn locate(&self, token: &Token) -> Vec<LookupId> {
        self.iter().map(|root| root.lookup_id(token)).collect()
    }

    /// Opens what was sealed under `token`.
    ///
    /// # Errors
    ///
    /// [`OpenError`], which names the first thing that is wrong with it.
    pub fn open(&self, token: &Token, sealed: SealedSecret) -> Result<Plaintext, OpenError> {
        if sealed.version != VERSION {
            return Err(OpenError::UnknownVersion);
        }
        let root = self.iter().find(|root| root.key_id == sealed.key_id);
        let root = root.ok_or(OpenError::UnknownKey)?;
        let headers = associated(sealed.version, sealed.lookup_id, sealed.expires_at, sealed.flags);
        let mut buffer = Zeroizing::new(sealed.ciphertext.into_bytes());
        root.siv(token)
            .decrypt_in_place(headers.as_slices(), &mut *buffer)
            .map_err(|aes_siv::Error| OpenError::Forged)?;
        unpad(&mut buffer)?;
        let text = String::from_utf8(std::mem::take(&mut *buffer)).map_err(|error| {
            error.into_bytes().zeroize();
            OpenError::Malformed
        })?;
        Plaintext::parse(text).map_err(|_empty| OpenError::Malformed)
    }

    fn iter(&self) -> impl Iterator<Item = &Root> {
        std::iter::once(&self.current).chain(&self.previous)
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
        let mut id = [0; LOOKUP_ID_BYTES];
        expand(&self.hkdf, &[LOOKUP_LABEL, token.expose_bytes()], &mut id);
        LookupId::from_bytes(id)
    }

    fn siv(&self, token: &Token) -> Aes256Siv {
        let mut key = Zeroizing::new([0; SEALING_KEY_BYTES]);
        expand(&self.hkdf, &[SEAL_LABEL, token.expose_bytes()], &mut *key);
        Aes256Siv::new((&*key).into())
    }

    #[expect(
        clippy::expect_used,
        reason = "SIV fails only for more than 126 headers or a buffer that cannot grow"
    )]
    fn seal_in_place(&self, token: &Token, headers: &Associated, buffer: &mut Vec<u8>) {
        self.siv(token)
            .encrypt_in_place(headers.as_slices(), buffer)
            .expect("four headers and a Vec");
    }
}

/// The headers that SIV authenticates beside the content, each on its own.
struct Associated {
    version: [u8; 1],
    lookup_id: LookupId,
    expires_at: [u8; 8],
    flags: [u8; 1],
}

impl Associated {
    fn as_slices(&self) -> [&[u8]; 4] {
        [&self.version, self.lookup_id.as_bytes(), &self.expires_at, &self.flags]
    }
}

fn associated(version: u8, lookup_id: LookupId, expires_at: Timestamp, flags: u8) -> Associated {
    let expires_at = expires_at.as_millis().to_be_bytes();
    Associated { version: [version], lookup_id, expires_at, flags: [flags] }
}

#[expect(clippy::expect_used, reason = "HKDF refuses only outputs over 255 hashes long")]
fn expand(hkdf: &Hkdf<Sha256>, info: &[&[u8]], output: &mut [u8]) {
    hkdf.expand_multi_info(info, output).expect("every output is at most 64 bytes");
}

/// Copies `content` into a buffer with its padding, and with room for the tag, so that it is never
/// moved and leaves no copy behind.
fn pad(content: &[u8]) -> Vec<u8> {
    let padded = (content.len() / PADDING_BLOCK + 1) * PADDING_BLOCK;
    let mut buffer = Vec::with_capacity(padded + TAG_BYTES);
    buffer.extend_from_slice(content);
    buffer.push(PADDING_MARK);
    buffer.resize(padded, 0);
    buffer
}

/// Cuts the padding off, of which there is only one right form.
fn unpad(buffer: &mut Vec<u8>) -> Result<(), OpenError> {
    let mark = buffer.iter().rposition(|&byte| byte != 0).ok_or(OpenError::Malformed)?;
    let is_canonical = (mark / PADDING_BLOCK + 1) * PADDING_BLOCK == buffer.len();
    if buffer.get(mark) != Some(&PADDING_MARK) || !is_canonical {
        return Err(OpenError::Malformed);
    }
    buffer.truncate(mark);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpadded(bytes: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut buffer = bytes.to_vec();
        unpad(&mut buffer).map(|()| buffer)
    }

    #[test]
    fn padding_fills_blocks_and_comes_off_again() {
        for (length, padded) in [(0, 64), (1, 64), (63, 64), (64, 128), (127, 128), (128, 192)] {
            let content = vec![PADDING_MARK; length];
            assert_eq!(pad(&content).len(), padded, "{length}");
            assert_eq!(unpadded(&pad(&content)), Ok(content), "{length}");
        }
    }

    #[test]
    fn sealing_moves_no_buffer() {
        let buffer = pad(&[1; 100]);
        assert!(buffer.capacity() >= buffer.len() + TAG_BYTES);
    }

    #[test]
    fn padding_without_its_mark_or_with_too_many_zeros_is_malformed() {
        let mut too_long = pad(b"content");
        too_long.resize(128, 0);
        for bytes in [&[][..], &[0; 64], &[1; 64], &[1, PADDING_MARK], &too_long] {
            assert_eq!(unpadded(bytes), Err(OpenError::Malformed), "{bytes:?}");
        }
    }
}
