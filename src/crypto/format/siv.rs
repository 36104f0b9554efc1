//! AES-256-SIV (RFC 5297) on buffers in place, and the associated data of a secret.

use aes_siv::siv::Aes256Siv;
use zeroize::Zeroizing;

use super::FormatError;
use crate::domain::clock::{INSTANT_BYTES, Timestamp};
use crate::domain::id::LookupId;
use crate::domain::secret::Flags;

/// The associated data that SIV authenticates with the content, as separate headers.
pub(super) struct Associated {
    version: [u8; 1],
    lookup_id: LookupId,
    expires_at: [u8; INSTANT_BYTES],
    flags: [u8; 1],
}

impl Associated {
    pub(super) fn as_slices(&self) -> [&[u8]; 4] {
        [&self.version, self.lookup_id.as_bytes(), &self.expires_at, &self.flags]
    }
}

pub(super) fn associated(
    version: u8,
    lookup_id: LookupId,
    expires_at: Timestamp,
    flags: Flags,
) -> Associated {
    let (expires_at, flags) = (expires_at.to_bytes(), [flags.as_byte()]);
    Associated { version: [version], lookup_id, expires_at, flags }
}

/// Encrypts `buffer` in place.
#[expect(
    clippy::expect_used,
    reason = "SIV fails only for more than 126 headers or a buffer that cannot grow"
)]
pub(super) fn encrypt(mut siv: Aes256Siv, headers: &[&[u8]], mut buffer: Vec<u8>) -> Vec<u8> {
    siv.encrypt_in_place(headers, &mut buffer).expect("few headers and a Vec");
    buffer
}

/// Decrypts `ciphertext` in place. The plaintext is wiped on drop.
pub(super) fn decrypt(
    mut siv: Aes256Siv,
    headers: &[&[u8]],
    ciphertext: Vec<u8>,
) -> Result<Zeroizing<Vec<u8>>, FormatError> {
    let mut buffer = Zeroizing::new(ciphertext);
    siv.decrypt_in_place(headers, &mut *buffer).map_err(|aes_siv::Error| FormatError::Forged)?;
    Ok(buffer)
}
