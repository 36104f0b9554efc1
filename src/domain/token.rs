//! The credentials of clients: the [`Token`] of a secret, and the [`Receipt`] of its sender. Neither
//! ever reaches the store, a log or an error, except the expiry in a token, which the store keeps.
//!
//! A token begins with the instant at which its secret expires, as a `UUIDv7` (RFC 9562) begins with the
//! instant of its creation. So ids that are derived from tokens sort by expiry.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::clock::{INSTANT_BYTES, Timestamp};
use super::id::opaque;

/// Bytes of a token or a receipt.
pub const TOKEN_BYTES: usize = 32;
/// Bytes of a token after its expiry: random, or derived for a repeatable creation.
pub const RANDOM_BYTES: usize = TOKEN_BYTES - INSTANT_BYTES;
/// Characters of a token or a receipt as text: base64url without padding (RFC 4648, section 5).
pub const TOKEN_CHARACTERS: usize = 43;

/// A text that is not a token in canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct TokenError;

/// Declares distinct types for tokens, so that they cannot be confused.
macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; TOKEN_BYTES]);

        impl $name {
            /// The value with these bytes.
            pub const fn from_bytes(bytes: [u8; TOKEN_BYTES]) -> Self {
                Self(bytes)
            }

            /// Reads the one canonical form: 43 characters of base64url, no padding, no spare bits.
            ///
            /// # Errors
            ///
            /// [`TokenError`] for every other text.
            pub fn parse(text: &str) -> Result<Self, TokenError> {
                let mut token = Self([0; TOKEN_BYTES]);
                if text.len() != TOKEN_CHARACTERS {
                    return Err(TokenError);
                }
                URL_SAFE_NO_PAD
                    .decode_slice(text, &mut token.0)
                    .map_err(|_not_canonical| TokenError)?;
                Ok(token)
            }

            /// The bytes, for the derivation of keys.
            pub const fn expose_bytes(&self) -> &[u8; TOKEN_BYTES] {
                &self.0
            }

            /// The 43 characters, for the client.
            pub fn expose_text(&self) -> Zeroizing<String> {
                Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        opaque!($name);
    )* };
}

tokens! {
    /// The 32 bytes that open one secret: its expiry and [`RANDOM_BYTES`] more. Wiped on drop; `Debug`
    /// shows nothing of them.
    Token;
    /// The 32 bytes with which a sender learns how a secret ended. They open nothing. Wiped on drop;
    /// `Debug` shows nothing of them.
    Receipt;
}

impl Token {
    /// The token that expires then, and has the bytes after it from `random`.
    pub fn from_random(expires_at: Timestamp, random: &[u8; TOKEN_BYTES]) -> Self {
        let mut token = Self(*random);
        token.0[..INSTANT_BYTES].copy_from_slice(&expires_at.to_bytes());
        token
    }

    /// The token with these parts.
    pub fn from_parts(expires_at: Timestamp, random: &[u8; RANDOM_BYTES]) -> Self {
        let mut token = Self([0; TOKEN_BYTES]);
        let (instant, rest) = token.0.split_at_mut(INSTANT_BYTES);
        instant.copy_from_slice(&expires_at.to_bytes());
        rest.copy_from_slice(random);
        token
    }

    /// The expiry in the token. A client may have made it up.
    pub fn expires_at(&self) -> Timestamp {
        let (instant, _random) = self.0.split_first_chunk().unwrap_or((&[0; INSTANT_BYTES], &[]));
        Timestamp::from_bytes(*instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_from_its_text() {
        let token = Token::from_bytes([7; TOKEN_BYTES]);
        let text = token.expose_text();
        assert_eq!(text.len(), TOKEN_CHARACTERS);
        let read = Token::parse(&text).map(|read| *read.expose_bytes());
        assert_eq!(read, Ok([7; TOKEN_BYTES]));
    }

    #[test]
    fn only_the_canonical_form_is_a_token() {
        let zeros = "A".repeat(TOKEN_CHARACTERS);
        assert!(Token::parse(&zeros).is_ok());
        let spare_bits = format!("{}B", "A".repeat(42));
        let standard_alphabet = format!("{}+/", "A".repeat(41));
        let padded = format!("{zeros}=");
        let space = format!(" {}", "A".repeat(42));
        let short = "A".repeat(42);
        let wide = "é".repeat(21) + "A";
        for text in ["", &spare_bits, &standard_alphabet, &padded, &space, &short, &wide] {
            assert_eq!(Token::parse(text).err(), Some(TokenError), "{text}");
        }
    }

    #[test]
    fn a_token_tells_when_its_secret_expires() {
        let expires_at = Timestamp::from_millis(1_800_000_000_123);
        let token = Token::from_parts(expires_at, &[7; RANDOM_BYTES]);
        assert_eq!(token.expires_at(), expires_at);
    }
}
