//! Secrets that are named by a number: token and expiry follow from it, so that a benchmark can
//! view any of ten million without having kept their tokens.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use viewonce::crypto::format::{Issued, Roots};
use viewonce::domain::clock::Timestamp;
use viewonce::domain::id::LookupId;
use viewonce::domain::secret::Plaintext;
use viewonce::domain::secret_key::{SecretKey, SecretKeys};
use viewonce::domain::token::{RANDOM_BYTES, Token};
use viewonce::store::Create;

use super::Outcome;

/// What the service falls back to in development.
pub(crate) const SECRET_KEY: &str = "development_secret_key";
/// Bytes of every content.
const CONTENT_BYTES: usize = 100;
/// The time over which the secrets of a series were created, one after another.
const SPREAD: Duration = Duration::from_hours(24);
/// A prime: multiples of it visit all numbers below any that it does not divide.
const STRIDE: u64 = 2_654_435_761;

/// A series of secrets, created one after another over a day, all with the same lifetime.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Series {
    seed: u64,
    pub(crate) count: u64,
    /// When the last of them expires, in milliseconds since the Unix epoch.
    last_expiry: i64,
}

impl Series {
    /// A series of tokens that no other has.
    pub(crate) fn new(count: u64, last_expiry: Timestamp) -> Outcome<Self> {
        Ok(Self { seed: getrandom::u64()?, count, last_expiry: last_expiry.as_millis() })
    }

    /// A series with the same expiries, none of which is stored.
    pub(crate) fn strangers(&self) -> Outcome<Self> {
        Ok(Self { seed: getrandom::u64()?, ..*self })
    }

    /// A few secrets that are the same in every run.
    pub(crate) const fn example() -> Self {
        Self { seed: 0, count: 64, last_expiry: 1_800_000_000_000 }
    }

    pub(crate) fn token(&self, number: u64) -> Token {
        self.issued(number).token
    }

    /// What a sender got for the secret of this number.
    fn issued(&self, number: u64) -> Issued {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(number.to_be_bytes());
        let mut bytes = [0; RANDOM_BYTES];
        bytes.copy_from_slice(&hash.finalize()[..RANDOM_BYTES]);
        Issued { token: Token::from_parts(self.expires_at(number), &bytes), receipt: None }
    }

    fn expires_at(&self, number: u64) -> Timestamp {
        let later = self.count.saturating_sub(number + 1);
        let milliseconds = u128::from(later) * SPREAD.as_millis() / u128::from(self.count);
        let before_last = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX));
        Timestamp::from_millis(self.last_expiry).minus(before_last)
    }
}

/// Seals like a service with the development key.
pub(crate) struct Sealer {
    roots: Roots,
    content: Plaintext,
}

impl Sealer {
    pub(crate) fn new() -> Outcome<Self> {
        let current = SecretKey::from_bytes(SECRET_KEY.into());
        Ok(Self {
            roots: Roots::derive(&SecretKeys { current, previous: Vec::new() }),
            content: Plaintext::parse("x".repeat(CONTENT_BYTES))?,
        })
    }

    pub(crate) fn seal(&self, series: &Series, number: u64) -> Outcome<Create> {
        Ok(self.roots.seal(&series.issued(number), &self.content, None)?)
    }

    /// The ids under which the store looks up the secret of this number.
    pub(crate) fn locate(&self, series: &Series, number: u64) -> Vec<LookupId> {
        self.roots.locate(&series.token(number))
    }
}

/// The number at this place of a fixed order, far from sorted, of all numbers below `count`.
pub(crate) fn scattered(place: u64, count: u64) -> u64 {
    let number = u128::from(place) * u128::from(STRIDE) % u128::from(count.max(1));
    u64::try_from(number).unwrap_or_default()
}
