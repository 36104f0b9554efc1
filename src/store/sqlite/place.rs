//! The place of a secret: its row id in `secrets`. It begins with the same instant as the lookup id, so
//! that the rows are in the order in which they expire.
//!
//! So secrets that are created together lie together, and a purge deletes expired ones from the front of
//! the table. Within a millisecond, the digest in the lookup id selects a short range of places, and the
//! secret takes the first free one.

use std::ops::RangeInclusive;

use crate::domain::clock::Timestamp;
use crate::domain::id::LookupId;

/// The number of places in a secret's range. All are taken only if some ten thousand secrets expire in
/// the same millisecond.
const PLACES: i64 = 64;
/// A place is the instant in milliseconds, shifted left by this many bits, plus as many bits of the
/// digest. It fits into the 63 bits of a row id, because an instant has 48 bits.
const DIGEST_BITS: u32 = 14;

/// The places that the secret with this id may have.
pub(super) fn places(id: &LookupId) -> RangeInclusive<i64> {
    let [a, b, ..] = *id.digest();
    let first =
        start(id.instant()) + i64::from(u16::from_be_bytes([a, b]) >> (u16::BITS - DIGEST_BITS));
    first..=first + PLACES - 1
}

/// Every secret that has expired by `now` has a lower place than this. Some that have not expired do,
/// too, so callers must still compare the expiry.
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
