//! Repeatable requests: the [`IdempotencyKey`] that the client chose, and the record by which a retried
//! creation is recognised.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::clock::Timestamp;
use super::id::{CreationId, LookupId, Nonce, opaque};

/// The fewest characters of a key: as many as 128 random bits take in base64url. A UUID has more.
pub const KEY_CHARACTERS: usize = 22;

/// The random key of a request, by which a retry is recognised. A client that has the key and the token
/// can get the secret again, so the key is never shown or stored. Wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct IdempotencyKey(String);

/// A text that is not a key, or is short enough to be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a UUID nor at least {KEY_CHARACTERS} characters of base64url")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// Reads at least 22 characters of base64url, without an upper limit. A UUID in its usual notation
    /// is such a text.
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

/// A repeatable creation, before the store knows whether it is a retry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCreation {
    /// The id to store it under.
    pub id: CreationId,
    /// The ids that an earlier attempt may have: the same one, and those under previous keys.
    pub candidates: Vec<CreationId>,
    /// The nonce from which its token was derived.
    pub nonce: Nonce,
}

/// A repeatable creation that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Creation {
    /// The id under which it is stored.
    pub id: CreationId,
    /// The nonce from which its token was derived.
    pub nonce: Nonce,
    /// The id of its secret.
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
