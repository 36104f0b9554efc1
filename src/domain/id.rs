//! What the store knows things by, and other byte strings that it keeps. An id is 16 bytes, derived from what a caller holds and a secret
//! key. But for the expiry that a lookup id and its token begin with, nothing of either can be
//! recovered from them, and no guess be tested without the other.

use super::clock::{INSTANT_BYTES, Timestamp};

/// Bytes of each of these ids.
pub const ID_BYTES: usize = 16;
/// Bytes of a [`KeyId`].
pub const KEY_ID_BYTES: usize = 4;
/// Bytes of a [`Nonce`].
pub const NONCE_BYTES: usize = 32;
/// Those of a lookup id that are derived.
pub const DIGEST_BYTES: usize = ID_BYTES - INSTANT_BYTES;

/// Has `Debug` show nothing of these types but their names.
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

/// Declares byte strings that are alike and must not be confused.
macro_rules! bytes {
    ($($(#[$doc:meta])* $name:ident: $length:expr;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// The one made of these bytes.
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
    /// What a secret is stored under: derived from its token. It begins with an instant that is no
    /// later than the secret's expiry, and is that expiry unless the secret was not sealed here: who
    /// keeps secrets in the order of their ids has those that expire first in front.
    LookupId: ID_BYTES;
    /// What a receipt is stored under: derived from the receipt's own token.
    ReceiptId: ID_BYTES;
    /// What a secret is kept under for whoever took it repeatably: derived from the token and the
    /// idempotency key.
    RedeliveryId: ID_BYTES;
    /// What a repeatable creation is remembered by: derived from the idempotency key.
    CreationId: ID_BYTES;
    /// What tells the right passphrase from a wrong one: derived from it and the token.
    Verifier: ID_BYTES;
    /// Names the secret key a secret was sealed under: derived from it, so that keys are told apart.
    KeyId: KEY_ID_BYTES;
    /// What makes the token of a repeatable creation a new one: random bytes, which the store keeps.
    Nonce: NONCE_BYTES;
}

impl LookupId {
    /// The id made of these parts.
    pub fn from_parts(expires_at: Timestamp, digest: &[u8; DIGEST_BYTES]) -> Self {
        let mut id = [0; ID_BYTES];
        let (instant, rest) = id.split_at_mut(INSTANT_BYTES);
        instant.copy_from_slice(&expires_at.to_bytes());
        rest.copy_from_slice(digest);
        Self(id)
    }

    /// The instant that it begins with.
    pub fn instant(&self) -> Timestamp {
        let (instant, _digest) = self.0.split_first_chunk().unwrap_or((&[0; INSTANT_BYTES], &[]));
        Timestamp::from_bytes(*instant)
    }

    /// What stands after it.
    pub fn digest(&self) -> &[u8; DIGEST_BYTES] {
        self.0.last_chunk().unwrap_or(&[0; DIGEST_BYTES])
    }
}

impl Nonce {
    /// A new one from the operating system's random generator.
    ///
    /// # Errors
    ///
    /// That generator's own.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut nonce = Self([0; NONCE_BYTES]);
        getrandom::fill(&mut nonce.0)?;
        Ok(nonce)
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
