//! The passphrase that a sender may require in addition to the token, and the key stretched from it.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::id::opaque;

/// The most bytes of a passphrase, in UTF-8 and in normal form.
pub const PASSPHRASE_BYTES: usize = 1_024;
/// Memory for stretching one passphrase, in KiB.
pub const STRETCHING_KIBIBYTES: u32 = 64 * 1_024;
/// The same in bytes.
pub const STRETCHING_BYTES: u64 = STRETCHING_KIBIBYTES as u64 * 1_024;
/// Bytes of a passphrase key.
pub const PASSPHRASE_KEY_BYTES: usize = 32;
/// The most bytes by which one byte grows in normal form C (Unicode Standard Annex 15, section 8).
const NFC_GROWTH: usize = 3;

/// A passphrase of 1 to [`PASSPHRASE_BYTES`] bytes, in normal form C so that every keyboard yields the
/// same bytes. Wiped on drop; `Debug` shows nothing of it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

/// A text that is empty or too long for a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not from 1 to {PASSPHRASE_BYTES} bytes")]
pub struct PassphraseError;

impl Passphrase {
    /// Normalises a text.
    ///
    /// # Errors
    ///
    /// [`PassphraseError`].
    pub fn parse(text: &str) -> Result<Self, PassphraseError> {
        // Full capacity from the start: a reallocation would leave an unwiped copy behind.
        let mut normal = Self(String::with_capacity(text.len() * NFC_GROWTH));
        normal.0.extend(text.nfc());
        if (1..=PASSPHRASE_BYTES).contains(&normal.0.len()) {
            Ok(normal)
        } else {
            Err(PassphraseError)
        }
    }

    /// The text in normal form, for stretching it.
    pub fn expose_text(&self) -> &str {
        &self.0
    }
}

opaque!(Passphrase);

/// The output of Argon2id for a passphrase and a token. Wiped on drop; `Debug` shows nothing of it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct PassphraseKey([u8; PASSPHRASE_KEY_BYTES]);

impl PassphraseKey {
    /// The key with these bytes.
    pub const fn from_bytes(bytes: [u8; PASSPHRASE_KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the derivation of keys.
    pub const fn expose_bytes(&self) -> &[u8; PASSPHRASE_KEY_BYTES] {
        &self.0
    }
}

opaque!(PassphraseKey);

/// A passphrase key, encrypted under the token and the idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Result<String, PassphraseError> {
        Passphrase::parse(text).map(|passphrase| passphrase.expose_text().to_owned())
    }

    #[test]
    fn one_passphrase_is_the_same_however_it_is_typed() {
        assert_eq!(normal("cafe\u{301}"), Ok("caf\u{e9}".to_owned()));
        assert_eq!(normal("caf\u{e9}"), Ok("caf\u{e9}".to_owned()));
    }

    #[test]
    fn a_passphrase_has_from_1_to_1024_bytes_in_normal_form() {
        assert_eq!(normal(""), Err(PassphraseError));
        assert_eq!(normal(&"x".repeat(1_025)), Err(PassphraseError));
        assert!(normal(&"x".repeat(1_024)).is_ok());
        // The first shrinks from 3 bytes to 2 in normal form; the last grows from 3 to 6.
        assert!(normal(&"e\u{301}".repeat(512)).is_ok());
        assert_eq!(normal(&"e\u{301}".repeat(513)), Err(PassphraseError));
        assert_eq!(normal(&"\u{fb2c}".repeat(171)), Err(PassphraseError));
    }

    #[test]
    fn normal_form_fits_into_the_room_it_is_given() {
        for character in ['\u{fb2c}', '\u{1d160}', '\u{390}', '\u{2f800}'] {
            let normal = String::from(character).nfc().collect::<String>();
            assert!(normal.len() <= character.len_utf8() * NFC_GROWTH, "{character:?}");
        }
    }
}
