//! The ids of the store, and other byte strings that it keeps. An id is 16 bytes, derived from a
//! client's token or key and a secret key. An id reveals neither, except the expiry that a lookup id
//! shares with its token, and a guess at one cannot be tested without the other.

use super::clock::{INSTANT_BYTES, Timestamp};

/// Bytes of an id.
pub const ID_BYTES: usize = 16;
/// Bytes of a [`KeyId`].
pub const KEY_ID_BYTES: usize = 4;
/// Bytes of a [`Nonce`].
pub const NONCE_BYTES: usize = 32;
/// Bytes of a lookup id that are derived.
pub const DIGEST_BYTES: usize = ID_BYTES - INSTANT_BYTES;

/// Implements `Debug` so that it shows only the names of these types.
macro_rules! opaque {
    ($($name:ident),*) => { $(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )* };
}
pub(crate) use opaque;

/// Declares distinct types for byte strings, so that they cannot be confused.
macro_rules! bytes {
    ($($(#[$doc:meta])* $name:ident: $length:expr;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// The value with these bytes.
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// The bytes, as the store keeps them.
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        opaque!($name);
    )* };
}

bytes! {
    /// The id of a secret, derived from its token. Its first six bytes are the secret's expiry, so
    /// ids sort by expiry. (The store needs only that they are no later than the expiry.)
    LookupId: ID_BYTES;
    /// The id of a receipt, derived from the receipt's own token.
    ReceiptId: ID_BYTES;
    /// The id of a viewed secret that is kept for a repeat, derived from the token and the
    /// idempotency key.
    RedeliveryId: ID_BYTES;
    /// The id of a repeatable creation, derived from the idempotency key.
    CreationId: ID_BYTES;
    /// Tells the right passphrase from a wrong one; derived from the passphrase and the token.
    Verifier: ID_BYTES;
    /// Names the secret key under which a secret was sealed; derived from that key.
    KeyId: KEY_ID_BYTES;
    /// Random bytes that make the derived token of a repeatable creation unique. The store keeps them.
    Nonce: NONCE_BYTES;
}

impl LookupId {
    /// The id with these parts.
    pub fn from_parts(expires_at: Timestamp, digest: &[u8; DIGEST_BYTES]) -> Self {
        let mut id = [0; ID_BYTES];
        let (instant, rest) = id.split_at_mut(INSTANT_BYTES);
        instant.copy_from_slice(&expires_at.to_bytes());
        rest.copy_from_slice(digest);
        Self(id)
    }

    /// The instant in its first six bytes.
    pub fn instant(&self) -> Timestamp {
        let (instant, _digest) = self.0.split_first_chunk().unwrap_or((&[0; INSTANT_BYTES], &[]));
        Timestamp::from_bytes(*instant)
    }

    /// The bytes after the instant.
    pub fn digest(&self) -> &[u8; DIGEST_BYTES] {
        self.0.last_chunk().unwrap_or(&[0; DIGEST_BYTES])
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::access_token::AccessToken;
    use crate::domain::idempotency_key::IdempotencyKey;
    use crate::domain::passphrase::{Passphrase, PassphraseKey};
    use crate::domain::secret::Plaintext;
    use crate::domain::secret_key::SecretKey;
    use crate::domain::token::{Receipt, Token};

    #[test]
    fn debug_shows_nothing_of_what_is_secret() {
        let key = "a".repeat(22);
        let shown = [
            format!("{:?}", AccessToken::generate()),
            format!("{:?}", IdempotencyKey::parse(&key)),
            format!("{:?}", Passphrase::parse(&key)),
            format!("{:?}", Plaintext::parse(key)),
            format!("{:?}", PassphraseKey::from_bytes([7; 32])),
            format!("{:?}", Receipt::from_bytes([7; 32])),
            format!("{:?}", SecretKey::from_bytes(vec![7; 32])),
            format!("{:?}", Token::from_bytes([7; 32])),
        ];
        assert_eq!(
            shown.concat(),
            "Ok(AccessToken(…))Ok(IdempotencyKey(…))Ok(Passphrase(…))Ok(Plaintext(…))PassphraseKey(…)Receipt(…)SecretKey(…)Token(…)"
        );
    }
}
