//! A secret in its two forms: the [`Plaintext`] that users exchange, and the [`SealedSecret`] that the
//! store keeps. They are different types, so that storing a plaintext does not compile.

use std::str;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::clock::Timestamp;
use super::id::{KeyId, LookupId, opaque};
use crate::runtime::wiped::wipe_vec;

/// Bytes of a [`ShredKey`].
pub const SHRED_KEY_BYTES: usize = 32;

/// The content of a secret: bytes that are not empty, mostly text. Wiped on drop; `Debug` shows nothing
/// of it.
pub struct Plaintext {
    bytes: Vec<u8>,
    is_text: bool,
    is_encrypted: bool,
}

/// The error for an empty content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an empty content")]
pub struct EmptyContent;

impl Plaintext {
    /// Checks a text and takes ownership of it, without a copy.
    ///
    /// # Errors
    ///
    /// [`EmptyContent`] if the text is empty.
    pub fn parse(text: String) -> Result<Self, EmptyContent> {
        Self::checked(text.into_bytes(), true)
    }

    /// Checks bytes, which may be a text, and takes ownership of them, without a copy.
    ///
    /// # Errors
    ///
    /// [`EmptyContent`] if there are none.
    pub fn parse_bytes(bytes: Vec<u8>) -> Result<Self, EmptyContent> {
        let is_text = str::from_utf8(&bytes).is_ok();
        Self::checked(bytes, is_text)
    }

    fn checked(bytes: Vec<u8>, is_text: bool) -> Result<Self, EmptyContent> {
        if bytes.is_empty() {
            Err(EmptyContent)
        } else {
            Ok(Self { bytes, is_text, is_encrypted: false })
        }
    }

    /// The same content, and whether its sender encrypted it before sending it.
    #[must_use]
    pub fn encrypted(mut self, is_encrypted: bool) -> Self {
        self.is_encrypted = is_encrypted;
        self
    }

    /// Whether the content is UTF-8.
    pub const fn is_text(&self) -> bool {
        self.is_text
    }

    /// Whether its sender encrypted it.
    pub const fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// The text, for sending it to a viewer, if it is UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        if self.is_text { str::from_utf8(&self.bytes).ok() } else { None }
    }

    /// The bytes, for sealing them or for sending them to a viewer.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        wipe_vec(&mut self.bytes);
    }
}

impl ZeroizeOnDrop for Plaintext {}

opaque!(Plaintext);

/// The random bytes that sealing and opening a secret need besides token and secret key. The store keeps
/// them apart from the sealed bytes, where it can overwrite them. Wiped on drop; `Debug` shows nothing
/// of them.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ShredKey([u8; SHRED_KEY_BYTES]);

impl ShredKey {
    /// The key with these bytes.
    pub const fn from_bytes(bytes: [u8; SHRED_KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the store and for deriving the sealing key.
    pub const fn expose_bytes(&self) -> &[u8; SHRED_KEY_BYTES] {
        &self.0
    }
}

opaque!(ShredKey);

/// The flags byte of the format. It is authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// Opening requires a passphrase in addition to the token.
    pub const PASSPHRASE: Self = Self(1);
    /// A receipt reports the end of the secret.
    pub const RECEIPT: Self = Self(2);
    /// The content is not UTF-8.
    pub const NOT_UTF8: Self = Self(4);
    /// The sender encrypted the content.
    pub const ENCRYPTED: Self = Self(8);

    /// The flags in this byte, including unknown ones.
    pub const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }

    /// The byte, as the store keeps it.
    pub const fn as_byte(self) -> u8 {
        self.0
    }

    /// These flags, and `flag` if `is_set`.
    pub const fn with(self, flag: Self, is_set: bool) -> Self {
        if is_set { Self(self.0 | flag.0) } else { self }
    }

    /// Whether `flag` is set.
    pub const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    /// Whether no unknown flag is set.
    pub const fn are_known(self) -> bool {
        self.0 < 1 << 4
    }
}

/// A secret as the store keeps it. Nobody can open it without its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// The id under which it is stored.
    pub lookup_id: LookupId,
    /// The secret key it was sealed under.
    pub key_id: KeyId,
    /// The format's version byte.
    pub version: u8,
    /// The kind of its content, and the credentials that belong to it.
    pub flags: Flags,
    /// From this instant on it cannot be viewed.
    pub expires_at: Timestamp,
    /// Needed to open it. The store keeps it apart, and overwrites it when the secret ends.
    pub shred_key: ShredKey,
    /// The padded content encrypted by SIV: a 16-byte tag, then as many bytes as the padded content.
    pub ciphertext: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_content_is_no_plaintext() {
        assert_eq!(Plaintext::parse(String::new()).err(), Some(EmptyContent));
        assert_eq!(Plaintext::parse_bytes(Vec::new()).err(), Some(EmptyContent));
    }

    #[test]
    fn bytes_are_text_if_they_are_utf8() {
        let is_text = |bytes: &[u8]| Plaintext::parse_bytes(bytes.to_vec()).map(|it| it.is_text());
        assert_eq!(is_text("é".as_bytes()), Ok(true));
        assert_eq!(is_text(&[0xe9]), Ok(false));
    }
}
