//! Sealed secrets for tests: numbered, and recognisable by their bytes wherever these are found.

use std::time::Duration;

use viewonce::clock::Timestamp;
use viewonce::id::LookupId;
use viewonce::key::KeyId;
use viewonce::secret::{Ciphertext, Flags, SealedSecret};

/// How long a secret lives, unless a test says otherwise.
pub(crate) const HOUR: Duration = Duration::from_hours(1);
/// One in so many secrets takes several pages of a database.
pub(crate) const LARGE_ONE_IN: u32 = 50;
/// Bytes of a [`mark`].
pub(crate) const MARK_BYTES: usize = 16;

/// Secret number `n`. Most are small, and of many sizes.
pub(crate) fn secret(n: u32, expires_at: Timestamp) -> SealedSecret {
    let marks = if n.is_multiple_of(LARGE_ONE_IN) { 1_000 } else { 1 + n as usize * 37 % 61 };
    SealedSecret {
        lookup_id: lookup_id(n),
        key_id: KeyId::from_bytes(n.to_le_bytes()),
        version: 1,
        flags: Flags::default(),
        expires_at,
        ciphertext: Ciphertext::from_bytes(mark(n).repeat(marks).into_bytes()),
    }
}

/// The id of secret number `n`.
pub(crate) fn lookup_id(n: u32) -> LookupId {
    LookupId::from_bytes(u128::from(n).wrapping_mul(u128::MAX / 1_000_003).to_be_bytes())
}

/// The one candidate under which secret number `n` is found.
pub(crate) fn only(n: u32) -> Vec<LookupId> {
    vec![lookup_id(n)]
}

/// What the sealed bytes of secret number `n` consist of.
fn mark(n: u32) -> String {
    format!("sealed {n:08x}!")
}

/// The number of the secret whose [`mark`] this is.
pub(crate) fn marked(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"sealed ")?.strip_suffix(b"!")?;
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}
