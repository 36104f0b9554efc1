//! A secret in its two shapes: the [`Plaintext`] that its owner knows, and the [`SealedSecret`]
//! that the store keeps. They are different types, so that storing a plaintext does not compile.
//! [`Deposit`] and [`NewSecret`] are the same two with all that goes with them.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::clock::Timestamp;
use crate::id::{LookupId, ReceiptId, Verifier};
use crate::key::KeyId;
use crate::passphrase::Passphrase;
use crate::repeat::NewCreation;

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
    #[must_use]
    pub fn expose_text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(…)")
    }
}

/// What a sender confides, and on which terms.
#[derive(Debug)]
pub struct Deposit {
    /// What is confided.
    pub content: Plaintext,
    /// For how many hours, as far as the sender said.
    pub ttl_hours: Option<f64>,
    /// What is needed beside the token to open it.
    pub passphrase: Option<Passphrase>,
    /// Whether the sender wants to know what becomes of it.
    pub wants_receipt: bool,
}

impl From<Plaintext> for Deposit {
    /// A content on no terms at all.
    fn from(content: Plaintext) -> Self {
        Self { content, ttl_hours: None, passphrase: None, wants_receipt: false }
    }
}

/// What SIV made of a padded plaintext: the 16-byte tag, then as many bytes as went in.
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext(Vec<u8>);

impl Ciphertext {
    /// The ciphertext made of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, as the store keeps them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to be opened in place.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ciphertext({} bytes)", self.0.len())
    }
}

/// The format's flags byte: what is kept beside a secret. It is authenticated with the secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    const PASSPHRASE: u8 = 1;
    const RECEIPT: u8 = 2;

    /// The flags of a secret that has these beside it.
    #[must_use]
    pub const fn new(has_passphrase: bool, has_receipt: bool) -> Self {
        let passphrase = if has_passphrase { Self::PASSPHRASE } else { 0 };
        let receipt = if has_receipt { Self::RECEIPT } else { 0 };
        Self(passphrase | receipt)
    }

    /// The flags in this byte, also those that have no meaning.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }

    /// The byte, as the store keeps it.
    #[must_use]
    pub const fn as_byte(self) -> u8 {
        self.0
    }

    /// Whether a passphrase is needed beside the token.
    #[must_use]
    pub const fn has_passphrase(self) -> bool {
        self.0 & Self::PASSPHRASE != 0
    }

    /// Whether a receipt tells what becomes of the secret.
    #[must_use]
    pub const fn has_receipt(self) -> bool {
        self.0 & Self::RECEIPT != 0
    }

    /// Whether each of them has a meaning.
    #[must_use]
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
    /// The sealed content.
    pub ciphertext: Ciphertext,
}

/// A secret on its way to the store, and what is to be kept beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSecret {
    /// The secret.
    pub sealed: SealedSecret,
    /// What the right passphrase is told by, if there is one.
    pub verifier: Option<Verifier>,
    /// What its receipt is found by, if there is one.
    pub receipt_id: Option<ReceiptId>,
    /// What a retry of its creation is recognised by, if it may be retried.
    pub creation: Option<NewCreation>,
}

impl From<SealedSecret> for NewSecret {
    /// A secret with nothing beside it.
    fn from(sealed: SealedSecret) -> Self {
        Self { sealed, verifier: None, receipt_id: None, creation: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_content_is_no_plaintext() {
        assert_eq!(Plaintext::parse(String::new()).err(), Some(EmptyContent));
    }

    #[test]
    fn debug_shows_nothing_of_a_plaintext() {
        let plaintext = Plaintext::parse("open sesame".to_owned());
        assert_eq!(format!("{plaintext:?}"), "Ok(Plaintext(…))");
    }
}
