//! Fixed vectors for the sealed format: whatever changes in this program, what older releases
//! sealed must open, and what was never sealed must not.
//!
//! `format-1.json` holds secrets in both shapes and what is kept beside them, `malformed-1.json` what is
//! to be refused, and why, and `repeat-1.json` creations that may be repeated. All were made by an
//! independent implementation of the specification in [`viewonce::crypto::format`]; where the program
//! departs from them, it is the program that is wrong. Bytes are written in hexadecimal, secret keys as
//! text.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod format;
mod repeat;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use viewonce::crypto::format::Roots;
use viewonce::domain::idempotency_key::IdempotencyKey;
use viewonce::domain::passphrase::Passphrase;
use viewonce::domain::secret_key::{SecretKey, SecretKeys};

/// A secret key that no vector uses.
const OTHER_KEY: &str = "an example key for rotation";

/// Bytes that are written in hexadecimal.
struct Hex<Bytes>(Bytes);

impl<'de, Bytes: TryFrom<Vec<u8>>> Deserialize<'de> for Hex<Bytes> {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(text)?;
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).map_err(D::Error::custom);
        let bytes = (0..digits.len()).step_by(2).map(byte).collect::<Result<Vec<_>, _>>()?;
        let bytes = bytes.try_into().map_err(|_length| D::Error::custom("too many or too few"))?;
        Ok(Self(bytes))
    }
}

fn vectors<Vector: DeserializeOwned>(json: &str) -> Vec<Vector> {
    serde_json::from_str(json).unwrap()
}

fn roots(current: &str, previous: &[&str]) -> Roots {
    let key = |text: &str| SecretKey::from_bytes(text.as_bytes().to_vec());
    let previous = previous.iter().map(|text| key(text)).collect();
    Roots::derive(&SecretKeys { current: key(current), previous })
}

/// The same secret key as the current one and as a previous one: both times with another beside it,
/// and with its place among the two.
fn rotated(secret_key: &str) -> [(Roots, usize); 2] {
    [(roots(secret_key, &[OTHER_KEY]), 0), (roots(OTHER_KEY, &[secret_key]), 1)]
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::parse(text).unwrap()
}

fn idempotency_key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).unwrap()
}
