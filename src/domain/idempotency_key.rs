//! What makes a request repeatable: the [`IdempotencyKey`] that its sender chose, and what is kept
//! to recognise a creation by it.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::clock::Timestamp;
use super::id::{CreationId, LookupId, Nonce, opaque};

/// The fewest characters of a key: those of 128 random bits in base64url. A UUID has more.
pub const KEY_CHARACTERS: usize = 22;

/// What the sender of a request chose at random, so that a retry is recognised. Whoever has it and
/// the token gets the secret again, so it is never shown or stored. Wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct IdempotencyKey(String);

/// A text that is no key, or may be one that can be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a UUID nor at least {KEY_CHARACTERS} characters of base64url")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// Reads a UUID, or at least 22 characters of base64url, which may be any number more. (A UUID
    /// as it is usually written is such a text, too.)
    ///
    /// # Errors
    ///
    /// [`IdempotencyKeyError`] for every other text.
    pub fn parse(text: &str) -> Result<Self, IdempotencyKeyError> {
        let is_base64url =
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if is_base64url && text.len() >= KEY_CHARACTERS {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdempotencyKeyError)
        }
    }

    /// The text, for the derivation of keys and ids.
    pub fn expose_text(&self) -> &str {
        &self.0
    }
}

opaque!(IdempotencyKey);

/// A repeatable creation that may be a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCreation {
    /// What it is to be remembered by.
    pub id: CreationId,
    /// What an earlier one may be remembered by: the same, and the ids under previous keys.
    pub candidates: Vec<CreationId>,
    /// What its token was derived with.
    pub nonce: Nonce,
}

/// A repeatable creation that was made before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Creation {
    /// What it is remembered by.
    pub id: CreationId,
    /// What its token was derived with.
    pub nonce: Nonce,
    /// What its secret was stored under.
    pub lookup_id: LookupId,
    /// When its secret expires or expired.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_or_22_characters_of_base64url_are_a_key() {
        let uuid = "9f1c7a52-6d0b-4c43-9d1e-2f7f5d3b8a10";
        for text in [uuid, &uuid.to_uppercase(), &"_".repeat(22), &"a-Z_9".repeat(100)] {
            assert!(IdempotencyKey::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_key() {
        let quoted = "\"9f1c7a52-6d0b-4c43-9d1e-2f7f5d3b8a10\"";
        let padded = format!("{}==", "a".repeat(22));
        for text in ["", "1", &"a".repeat(21), quoted, &padded, &" ".repeat(22), &"é".repeat(22)] {
            assert_eq!(IdempotencyKey::parse(text).err(), Some(IdempotencyKeyError), "{text}");
        }
    }
}
