//! A secret in its two shapes: the [`Plaintext`] that its owner knows, and the [`SealedSecret`]
//! that the store keeps. They are different types, so that storing a plaintext does not compile.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::clock::Timestamp;
use crate::key::KeyId;
use crate::token::LookupId;

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

/// A secret as the store keeps it. Worth nothing without its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// What it is found by.
    pub lookup_id: LookupId,
    /// The secret key it was sealed under.
    pub key_id: KeyId,
    /// The format's version byte.
    pub version: u8,
    /// The format's flags byte.
    pub flags: u8,
    /// From this instant on it is gone.
    pub expires_at: Timestamp,
    /// The sealed content.
    pub ciphertext: Ciphertext,
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
