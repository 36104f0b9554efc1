//! A secret in its two forms: the [`Plaintext`] that users exchange, and the [`SealedSecret`] that the
//! store keeps. They are different types, so that storing a plaintext does not compile.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::clock::Timestamp;
use super::id::{KeyId, LookupId, opaque};

/// The content of a secret: text that is not empty. Wiped on drop; `Debug` shows nothing of it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Plaintext(String);

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
        if text.is_empty() { Err(EmptyContent) } else { Ok(Self(text)) }
    }

    /// The text, for sealing it or for sending it to a viewer.
    pub fn expose_text(&self) -> &str {
        &self.0
    }
}

opaque!(Plaintext);

/// The flags byte of the format: whether a secret has a passphrase and a receipt. It is authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    const PASSPHRASE: u8 = 1;
    const RECEIPT: u8 = 2;

    /// The flags of a secret with or without a passphrase and a receipt.
    pub const fn new(has_passphrase: bool, has_receipt: bool) -> Self {
        let passphrase = if has_passphrase { Self::PASSPHRASE } else { 0 };
        let receipt = if has_receipt { Self::RECEIPT } else { 0 };
        Self(passphrase | receipt)
    }

    /// The flags in this byte, including unknown ones.
    pub const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }

    /// The byte, as the store keeps it.
    pub const fn as_byte(self) -> u8 {
        self.0
    }

    /// Whether opening requires a passphrase in addition to the token.
    pub const fn has_passphrase(self) -> bool {
        self.0 & Self::PASSPHRASE != 0
    }

    /// Whether a receipt reports the end of the secret.
    pub const fn has_receipt(self) -> bool {
        self.0 & Self::RECEIPT != 0
    }

    /// Whether no unknown flag is set.
    pub const fn are_known(self) -> bool {
        self.0 & !(Self::PASSPHRASE | Self::RECEIPT) == 0
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
    /// Whether it has a passphrase and a receipt.
    pub flags: Flags,
    /// From this instant on it cannot be viewed.
    pub expires_at: Timestamp,
    /// The padded content encrypted by SIV: a 16-byte tag, then as many bytes as the padded content.
    pub ciphertext: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_content_is_no_plaintext() {
        assert_eq!(Plaintext::parse(String::new()).err(), Some(EmptyContent));
    }
}
