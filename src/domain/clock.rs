//! The one source of time: every decision of the service takes its instant from a [`Clock`].
//!
//! The clock reads the system's; a test moves it instead of sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rustix::time::ClockId;

/// Bytes of an instant, as in a `UUIDv7` (RFC 9562). They suffice until the year 10889.
pub const INSTANT_BYTES: usize = 6;

/// An instant, in whole milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `milliseconds` after the Unix epoch.
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads an instant: milliseconds since the Unix epoch, big-endian.
    pub fn from_bytes(bytes: [u8; INSTANT_BYTES]) -> Self {
        let mut wide = [0; size_of::<i64>()];
        wide.split_at_mut(2).1.copy_from_slice(&bytes);
        Self(i64::from_be_bytes(wide))
    }

    /// The instant as bytes. An instant out of their range becomes the nearest one in it.
    pub fn to_bytes(self) -> [u8; INSTANT_BYTES] {
        let [_, _, bytes @ ..] = self.0.clamp(0, (1 << 48) - 1).to_be_bytes();
        bytes
    }

    /// The instant `duration` after this one. The duration is truncated to milliseconds.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// The instant `duration` before this one. The duration is truncated to milliseconds.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// The time from `earlier` to this instant; zero if that is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }

    fn offset_by(self, milliseconds: &AtomicI64) -> Self {
        Self(self.0.saturating_add(milliseconds.load(Ordering::Relaxed)))
    }

    /// RFC 3339 with milliseconds and `Z`, as in `2026-01-31T12:00:00.000Z`.
    pub fn to_rfc3339(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0)
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

/// A difference between the clocks that counts as a jump. Gradual corrections of the time stay below it.
const JUMP: TimeDelta = TimeDelta::seconds(1);
/// A clock that cannot be set. It counts suspended time too, so waking up is no jump.
const STEADY: ClockId = ClockId::Boottime;

/// The system's wall clock, and a steady clock that does not jump when the wall clock is set.
///
/// A jump of the wall clock may be a correction, or a mistake that is corrected a moment later. So a
/// secret that has expired by either clock is no longer shown, but only one that has expired by the
/// steady clock is deleted. [`follow`](Self::follow) makes the steady clock accept a jump. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

/// A reading of a [`Clock`]. Its two instants differ only after a jump of the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct ClockReading {
    /// The later of both clocks. A secret that has expired by it is no longer shown.
    pub now: Timestamp,
    /// The steady clock after a jump, or else `now`. A secret that has expired by it may be deleted.
    pub settled: Timestamp,
}

#[derive(Debug)]
struct Inner {
    uptime_at_start: Duration,
    /// The wall-clock time at which the clock was created, plus all corrections that `keep` and `follow`
    /// have since made to the steady clock.
    start: AtomicI64,
    /// How far tests have moved both clocks.
    advanced: AtomicI64,
    /// How far tests have moved the wall clock alone.
    jumped: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(Inner {
            uptime_at_start: uptime(),
            start: Utc::now().timestamp_millis().into(),
            advanced: AtomicI64::default(),
            jumped: AtomicI64::default(),
        }))
    }
}

impl Clock {
    /// The present instant: the later of both clocks.
    pub fn now(&self) -> Timestamp {
        self.read().now
    }

    /// Reads both clocks.
    pub fn read(&self) -> ClockReading {
        let (wall, steady) = self.wall_and_steady();
        let now = wall.max(steady);
        ClockReading { now, settled: if jump(wall, steady).is_some() { steady } else { now } }
    }

    /// How far the wall clock has jumped since the steady clock last followed it; `None` without a jump.
    pub fn jump(&self) -> Option<TimeDelta> {
        let (wall, steady) = self.wall_and_steady();
        jump(wall, steady)
    }

    /// Sets the steady clock to the wall clock, unless the wall clock has jumped.
    pub fn keep(&self) {
        let (wall, steady) = self.wall_and_steady();
        if jump(wall, steady).is_none() {
            self.follow(ahead(wall, steady));
        }
    }

    /// Moves the steady clock by a jump, or by a part of one.
    pub fn follow(&self, jump: TimeDelta) {
        self.0.start.fetch_add(jump.num_milliseconds(), Ordering::Relaxed);
    }

    /// The instants of the wall clock and of the steady clock.
    fn wall_and_steady(&self) -> (Timestamp, Timestamp) {
        let Inner { uptime_at_start, start, advanced, jumped } = &*self.0;
        let wall = Timestamp(Utc::now().timestamp_millis()).offset_by(jumped);
        let steady = Timestamp(0).offset_by(start).plus(uptime().saturating_sub(*uptime_at_start));
        (wall.offset_by(advanced), steady.offset_by(advanced))
    }

    /// Time since this clock was created. Setting the wall clock does not change it.
    pub fn elapsed(&self) -> Duration {
        let advanced = self.0.advanced.load(Ordering::Relaxed);
        let advanced = Duration::from_millis(u64::try_from(advanced).unwrap_or_default());
        uptime().saturating_sub(self.0.uptime_at_start).saturating_add(advanced)
    }

    /// Time until `instant`; zero if it has passed.
    pub fn until(&self, instant: Timestamp) -> Duration {
        let milliseconds = instant.0.saturating_sub(self.now().0);
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
    }

    /// Moves this clock and all its clones forward, both wall and steady. For tests.
    pub fn advance(&self, duration: Duration) {
        self.0.advanced.fetch_add(millis(duration), Ordering::Relaxed);
    }

    /// Sets the wall clock alone forward or back. For tests.
    pub fn set_wall(&self, by: TimeDelta) {
        self.0.jumped.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }
}

/// How far `wall` is ahead of `steady`.
fn ahead(wall: Timestamp, steady: Timestamp) -> TimeDelta {
    TimeDelta::milliseconds(wall.0.saturating_sub(steady.0))
}

/// How far `wall` is ahead of `steady`, or `None` below [`JUMP`].
fn jump(wall: Timestamp, steady: Timestamp) -> Option<TimeDelta> {
    Some(ahead(wall, steady)).filter(|ahead| ahead.abs() >= JUMP)
}

/// Time since an instant that is fixed until the machine reboots.
fn uptime() -> Duration {
    let time = rustix::time::clock_gettime(STEADY);
    let [seconds, nanoseconds] = [time.tv_sec, time.tv_nsec].map(i64::unsigned_abs);
    Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanoseconds))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    fn a_jump_forward_is_the_time_at_once_but_settled_only_when_it_is_followed() {
        let clock = Clock::default();
        let before = clock.read().settled;
        assert_eq!(clock.jump(), None);
        clock.set_wall(TimeDelta::hours(1));
        assert!(clock.now() >= before.plus(Duration::from_hours(1)));
        assert!(clock.read().settled < before.plus(Duration::from_hours(1)));
        assert!(clock.jump().is_some_and(|jump| jump > TimeDelta::minutes(59)));
        clock.follow(clock.jump().unwrap());
        assert!(clock.read().settled >= before.plus(Duration::from_hours(1)));
        assert_eq!(clock.jump(), None);
    }

    #[test]
    #[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    fn a_jump_back_takes_no_time_back_until_it_is_followed() {
        let clock = Clock::default();
        let before = clock.now();
        clock.set_wall(-TimeDelta::hours(1));
        assert!(clock.now() >= before);
        assert!(clock.jump().is_some_and(|jump| jump < -TimeDelta::minutes(59)));
        clock.follow(clock.jump().unwrap());
        assert!(clock.now() < before);
        assert_eq!(clock.jump(), None);
    }
}
