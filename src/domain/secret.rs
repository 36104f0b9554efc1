//! A secret in its two shapes: the [`Plaintext`] that its owner knows, and the [`SealedSecret`]
//! that the store keeps. They are different types, so that storing a plaintext does not compile.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::clock::Timestamp;
use super::id::{KeyId, LookupId, opaque};

/// What was confided: text that is not empty. Wiped on drop; `Debug` shows nothing of it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Plaintext(String);

/// A content that is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an empty content")]
pub struct EmptyContent;

impl Plaintext {
    /// Takes a text over.
    ///
    /// # Errors
    ///
    /// [`EmptyContent`] if there is nothing in it.
    pub fn parse(text: String) -> Result<Self, EmptyContent> {
        if text.is_empty() { Err(EmptyContent) } else { Ok(Self(text)) }
    }

    /// The text, for sealing it or for handing it out.
    pub fn expose_text(&self) -> &str {
        &self.0
    }
}

opaque!(Plaintext);

/// The format's flags byte: what is kept beside a secret. It is authenticated with the secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    const PASSPHRASE: u8 = 1;
    const RECEIPT: u8 = 2;

    /// The flags of a secret that has these beside it.
    pub const fn new(has_passphrase: bool, has_receipt: bool) -> Self {
        let passphrase = if has_passphrase { Self::PASSPHRASE } else { 0 };
        let receipt = if has_receipt { Self::RECEIPT } else { 0 };
        Self(passphrase | receipt)
    }

    /// The flags in this byte, also those that have no meaning.
    pub const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }

    /// The byte, as the store keeps it.
    pub const fn as_byte(self) -> u8 {
        self.0
    }

    /// Whether a passphrase is needed beside the token.
    pub const fn has_passphrase(self) -> bool {
        self.0 & Self::PASSPHRASE != 0
    }

    /// Whether a receipt tells what becomes of the secret.
    pub const fn has_receipt(self) -> bool {
        self.0 & Self::RECEIPT != 0
    }

    /// Whether each of them has a meaning.
    pub const fn are_known(self) -> bool {
        self.0 & !(Self::PASSPHRASE | Self::RECEIPT) == 0
    }
}

/// A secret as the store keeps it. Worth nothing without its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// What it is found by.
    pub lookup_id: LookupId,
    /// The secret key it was sealed under.
    pub key_id: KeyId,
    /// The format's version byte.
    pub version: u8,
    /// What is kept beside it.
    pub flags: Flags,
    /// From this instant on it is gone.
    pub expires_at: Timestamp,
    /// What SIV made of the padded content: the 16-byte tag, then as many bytes as went in.
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
