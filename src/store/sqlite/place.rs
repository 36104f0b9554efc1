//! The place of a row in `secrets`: its number begins with the instant that its lookup id begins
//! with, so that the rows stand in the order in which they expire.
//!
//! What is created together then lies together, and so does what has expired; a purge takes it
//! from the front. The digest in the lookup id tells the secrets of a millisecond apart: a secret
//! has a few places next to one another, of which it takes the first that is free.

use std::ops::RangeInclusive;

use crate::domain::clock::Timestamp;
use crate::domain::id::LookupId;

/// Places that a secret may have. They are all taken only when some ten thousand secrets expire in
/// the same millisecond.
const PLACES: i64 = 64;
/// Bits of a place beside those of the instant: a little over 62 all together.
const DIGEST_BITS: u32 = 14;

/// Where the secret of this id may stand.
pub(super) fn places(id: &LookupId) -> RangeInclusive<i64> {
    let [a, b, ..] = *id.digest();
    let first =
        start(id.instant()) + i64::from(u16::from_be_bytes([a, b]) >> (u16::BITS - DIGEST_BITS));
    first..=first + PLACES - 1
}

/// The place behind all secrets that have expired by `now`; also others may stand before it.
pub(super) fn end_of_expired(now: Timestamp) -> i64 {
    start(now) + (1 << DIGEST_BITS) + PLACES
}

fn start(instant: Timestamp) -> i64 {
    Timestamp::from_bytes(instant.to_bytes()).as_millis() << DIGEST_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::DIGEST_BYTES;

    fn last_place(milliseconds: i64) -> i64 {
        let instant = Timestamp::from_millis(milliseconds);
        *places(&LookupId::from_parts(instant, &[u8::MAX; DIGEST_BYTES])).end()
    }

    #[test]
    fn no_place_of_an_instant_is_behind_its_end() {
        let last = Timestamp::from_bytes([u8::MAX; 6]).as_millis();
        for now in [0, 1, 1_800_000_000_000, last] {
            assert!(last_place(now) < end_of_expired(Timestamp::from_millis(now)));
            assert!(last_place(now) > 0);
        }
    }
}
