//! The one source of time: every instant the service decides by comes from a [`Clock`].
//!
//! The server reads the system's; a test moves its own instead of sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

/// Bytes of an instant: those of a `UUIDv7` (RFC 9562), which last until the year 10889.
pub const INSTANT_BYTES: usize = 6;

/// An instant, in whole milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `milliseconds` after the Unix epoch.
    #[must_use]
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The instant that these bytes are: milliseconds since the Unix epoch, big-endian.
    #[must_use]
    pub fn from_bytes(bytes: [u8; INSTANT_BYTES]) -> Self {
        let mut wide = [0; size_of::<i64>()];
        wide.split_at_mut(2).1.copy_from_slice(&bytes);
        Self(i64::from_be_bytes(wide))
    }

    /// The instant as bytes, or the first or last that there is room for.
    #[must_use]
    pub fn to_bytes(self) -> [u8; INSTANT_BYTES] {
        let [_, _, bytes @ ..] = self.0.clamp(0, (1 << 48) - 1).to_be_bytes();
        bytes
    }

    /// This instant moved by `duration`, which is cut to milliseconds.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// The instant `duration`, cut to milliseconds, before this one.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// RFC 3339 with milliseconds and `Z`, as in `2026-01-31T12:00:00.000Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0)
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

/// The system's wall clock, plus an offset that only tests move. Clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// The instant that is now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let offset = self.offset.load(Ordering::Relaxed);
        Timestamp(Utc::now().timestamp_millis().saturating_add(offset))
    }

    /// How long it is until `instant`; nothing if that is past.
    #[must_use]
    pub fn until(&self, instant: Timestamp) -> Duration {
        let milliseconds = instant.0.saturating_sub(self.now().0);
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
    }

    /// Moves this clock and all its clones forward.
    pub fn advance(&self, duration: Duration) {
        self.offset.fetch_add(millis(duration), Ordering::Relaxed);
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_written_with_milliseconds_and_z() {
        let instant = Timestamp::from_millis(1_700_000_000_007);
        assert_eq!(instant.to_rfc3339(), "2023-11-14T22:13:20.007Z");
    }

    #[test]
    fn clones_of_a_clock_move_together() {
        let clock = Clock::default();
        let before = clock.clone().now();
        clock.advance(Duration::from_hours(1));
        assert!(clock.clone().now() >= before.plus(Duration::from_hours(1)));
    }
}
