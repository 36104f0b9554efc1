//! Access tokens, for servers on which not everyone may create secrets. A client sends its
//! [`AccessToken`]; the server knows only the [`TokenHash`] and never stores the token.
//!
//! A token is 256 random bits, so nobody can guess it. Unlike a password's hash, its hash needs neither
//! a salt nor a slow function, and may be public.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::id::opaque;

/// The prefix of every access token, by which scanners for leaked credentials recognise it.
pub const PREFIX: &str = "vo_";
/// Random bytes of an access token.
const TOKEN_BYTES: usize = 32;
/// Bytes of a hash: SHA-256.
const HASH_BYTES: usize = 32;

/// Allows its bearer to create secrets. Wiped on drop; `Debug` shows nothing of it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct AccessToken([u8; TOKEN_BYTES]);

impl AccessToken {
    /// Generates a token with the operating system's random generator.
    ///
    /// # Errors
    ///
    /// The error of the random generator.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut token = Self([0; TOKEN_BYTES]);
        getrandom::fill(&mut token.0)?;
        Ok(token)
    }

    /// The text that the client sends: [`PREFIX`], then base64url without padding.
    pub fn expose_text(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0));
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + digits.len()));
        text.push_str(PREFIX);
        text.push_str(&digits);
        text
    }
}

opaque!(AccessToken);

/// The SHA-256 of an access token's text, written as 64 hexadecimal digits.
///
/// The comparison is not constant-time. Its duration may reveal how many bytes of a hash match, but a
/// client cannot choose the hash of the token it sends, and cannot compute a token from its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHash([u8; HASH_BYTES]);

/// A text that is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the hash of a token")]
pub struct TokenHashError;

impl TokenHash {
    /// The hash of any text, token or not.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`TokenHashError`] for every other text.
    pub fn parse(text: &str) -> Result<Self, TokenHashError> {
        let mut hash = [0; HASH_BYTES];
        if text.len() != 2 * HASH_BYTES {
            return Err(TokenHashError);
        }
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            for digit in digits {
                let digit = char::from(*digit).to_digit(16).ok_or(TokenHashError)?;
                *byte = *byte << 4 | digit.to_le_bytes()[0];
            }
        }
        Ok(Self(hash))
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for TokenHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `abc` (FIPS 180-2, appendix B.1).
    const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_token_is_a_prefix_and_43_characters_and_another_each_time() -> Result<(), getrandom::Error>
    {
        let (one, other) = (AccessToken::generate()?, AccessToken::generate()?);
        let (one, other) = (one.expose_text(), other.expose_text());
        assert!(one.starts_with("vo_") && one.len() == 46);
        assert_ne!(*one, *other);
        Ok(())
    }

    #[test]
    fn a_hash_is_sha_256_and_reads_back_from_its_text() {
        let hash = TokenHash::of("abc");
        assert_eq!(hash.to_string(), OF_ABC);
        assert_eq!(TokenHash::parse(OF_ABC), Ok(hash));
        assert_eq!(TokenHash::parse(&OF_ABC.to_uppercase()), Ok(hash));
    }

    #[test]
    fn nothing_else_is_a_hash() {
        let signed = format!("+{}", &OF_ABC[1..]);
        let wide = "é".repeat(32);
        for text in ["", "vo_", &OF_ABC[1..], &format!("{OF_ABC}0"), &signed, &wide] {
            assert_eq!(TokenHash::parse(text), Err(TokenHashError), "{text}");
        }
    }
}
