//! Secrets whose token and expiry are derived from a number, so that a benchmark can view any of ten
//! million secrets without storing their tokens.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use viewonce::crypto::format::{Issued, Roots};
use viewonce::domain::clock::Timestamp;
use viewonce::domain::id::LookupId;
use viewonce::domain::secret::{Plaintext, ShredKey};
use viewonce::domain::secret_key::{SecretKey, SecretKeys};
use viewonce::domain::token::{RANDOM_BYTES, Token};
use viewonce::store::Create;

use super::Outcome;

/// The secret key that the service uses by default in development.
pub(crate) const SECRET_KEY: &str = "development_secret_key";
/// The size of every content.
const CONTENT_BYTES: usize = 100;
/// The time between the creation of the first secret of a series and that of the last.
const SPREAD: Duration = Duration::from_hours(24);
/// A prime: its multiples modulo `n` visit every number below `n`, unless it divides `n`.
const STRIDE: u64 = 2_654_435_761;

/// Secrets that were created at equal intervals over a day, all with the same lifetime.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Series {
    seed: u64,
    pub(crate) count: u64,
    /// The latest expiry, in milliseconds since the Unix epoch.
    last_expiry: i64,
}

impl Series {
    /// A series with a random seed, so that no other series has its tokens.
    pub(crate) fn new(count: u64, last_expiry: Timestamp) -> Outcome<Self> {
        Ok(Self { seed: getrandom::u64()?, count, last_expiry: last_expiry.as_millis() })
    }

    /// A series with the same expiries but other tokens: none of its secrets is stored.
    pub(crate) fn with_other_tokens(&self) -> Outcome<Self> {
        Ok(Self { seed: getrandom::u64()?, ..*self })
    }

    /// A small series that is the same in every run.
    pub(crate) const fn example() -> Self {
        Self { seed: 0, count: 64, last_expiry: 1_800_000_000_000 }
    }

    pub(crate) fn token(&self, number: u64) -> Token {
        self.issued(number).token
    }

    /// The token that the sender of secret `number` received.
    fn issued(&self, number: u64) -> Issued {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(number.to_be_bytes());
        let mut bytes = [0; RANDOM_BYTES];
        bytes.copy_from_slice(&hash.finalize()[..RANDOM_BYTES]);
        Issued { token: Token::from_parts(self.expires_at(number), &bytes), receipt: None }
    }

    /// The shred key of secret `number`: not secret, but no two are the same.
    fn shred_key(&self, number: u64) -> ShredKey {
        let mut hash = Sha256::new();
        hash.update(b"shred");
        hash.update(self.seed.to_be_bytes());
        hash.update(number.to_be_bytes());
        ShredKey::from_bytes(hash.finalize().into())
    }

    fn expires_at(&self, number: u64) -> Timestamp {
        let later = self.count.saturating_sub(number + 1);
        let milliseconds = u128::from(later) * SPREAD.as_millis() / u128::from(self.count);
        let before_last = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX));
        Timestamp::from_millis(self.last_expiry).minus(before_last)
    }
}

/// Seals secrets with the development key.
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
        Ok(self.roots.seal(
            &series.issued(number),
            series.shred_key(number),
            &self.content,
            None,
        )?)
    }

    /// The ids under which the store looks up the secret of this number.
    pub(crate) fn locate(&self, series: &Series, number: u64) -> Vec<LookupId> {
        self.roots.locate(&series.token(number))
    }
}

/// The number at `place` in a fixed, scattered permutation of the numbers below `count`.
pub(crate) fn permuted(place: u64, count: u64) -> u64 {
    let number = u128::from(place) * u128::from(STRIDE) % u128::from(count.max(1));
    u64::try_from(number).unwrap_or_default()
}
