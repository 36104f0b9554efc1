//! The one source of time: every instant the service decides by comes from a [`Clock`].
//!
//! The server reads the system's; a test moves its own instead of sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rustix::time::ClockId;

/// Bytes of an instant: those of a `UUIDv7` (RFC 9562), which last until the year 10889.
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

    /// The instant that these bytes are: milliseconds since the Unix epoch, big-endian.
    pub fn from_bytes(bytes: [u8; INSTANT_BYTES]) -> Self {
        let mut wide = [0; size_of::<i64>()];
        wide.split_at_mut(2).1.copy_from_slice(&bytes);
        Self(i64::from_be_bytes(wide))
    }

    /// The instant as bytes, or the first or last that there is room for.
    pub fn to_bytes(self) -> [u8; INSTANT_BYTES] {
        let [_, _, bytes @ ..] = self.0.clamp(0, (1 << 48) - 1).to_be_bytes();
        bytes
    }

    /// This instant moved by `duration`, which is cut to milliseconds.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// The instant `duration`, cut to milliseconds, before this one.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    fn moved(self, milliseconds: &AtomicI64) -> Self {
        Self(self.0.saturating_add(milliseconds.load(Ordering::Relaxed)))
    }

    /// RFC 3339 with milliseconds and `Z`, as in `2026-01-31T12:00:00.000Z`.
    pub fn to_rfc3339(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0)
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

/// How far the clocks may be apart before it is a jump: more than a correction in the course of time.
const JUMP: TimeDelta = TimeDelta::seconds(1);
/// The clock that nobody sets. It goes on while the machine sleeps: that is no jump.
const STEADY: ClockId = ClockId::Boottime;

/// The system's wall clock, and a steady one beside it that does not jump when that one is set.
///
/// A wall clock that jumps may be right, or be set right again a moment later. What has expired by
/// either of them is shown to nobody; but only what has expired by the steady one is deleted. That one
/// [`follow`](Self::follow)s the other when it is told to. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Hands>);

/// A look at a [`Clock`]. Only after a jump of the wall clock the two are not the same.
#[derive(Clone, Copy, Debug)]
pub struct ClockReading {
    /// The instant that is now: what has expired by either clock has expired.
    pub now: Timestamp,
    /// What the steady clock says after a jump: what has expired by it may be deleted.
    pub settled: Timestamp,
}

#[derive(Debug)]
struct Hands {
    started: Duration,
    /// What the steady clock said when it started, or would have if it had been right.
    start: AtomicI64,
    /// How far tests have moved both clocks.
    advanced: AtomicI64,
    /// How far tests have moved the wall clock alone.
    jumped: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(Hands {
            started: uptime(),
            start: Utc::now().timestamp_millis().into(),
            advanced: AtomicI64::default(),
            jumped: AtomicI64::default(),
        }))
    }
}

impl Clock {
    /// The instant that is now: what has expired by either clock has expired.
    pub fn now(&self) -> Timestamp {
        self.read().now
    }

    /// What the clocks say, in one look.
    pub fn read(&self) -> ClockReading {
        let (wall, steady) = self.hands();
        let now = wall.max(steady);
        ClockReading { now, settled: if jump(wall, steady).is_some() { steady } else { now } }
    }

    /// Whether the wall clock has jumped since the steady one followed it, and how far.
    pub fn jump(&self) -> Option<TimeDelta> {
        let (wall, steady) = self.hands();
        jump(wall, steady)
    }

    /// Has the steady clock say what the wall clock says, unless that has jumped.
    pub fn keep(&self) {
        let (wall, steady) = self.hands();
        if jump(wall, steady).is_none() {
            self.follow(ahead(wall, steady));
        }
    }

    /// Has the steady clock follow a jump, or a part of one.
    pub fn follow(&self, jump: TimeDelta) {
        self.0.start.fetch_add(jump.num_milliseconds(), Ordering::Relaxed);
    }

    /// What the wall clock and the steady one say.
    fn hands(&self) -> (Timestamp, Timestamp) {
        let Hands { started, start, advanced, jumped } = &*self.0;
        let wall = Timestamp(Utc::now().timestamp_millis()).moved(jumped);
        let steady = Timestamp(0).moved(start).plus(uptime().saturating_sub(*started));
        (wall.moved(advanced), steady.moved(advanced))
    }

    /// Time that has passed since this clock was made, whatever the wall clock was set to.
    pub fn elapsed(&self) -> Duration {
        let advanced = self.0.advanced.load(Ordering::Relaxed);
        let advanced = Duration::from_millis(u64::try_from(advanced).unwrap_or_default());
        uptime().saturating_sub(self.0.started).saturating_add(advanced)
    }

    /// How long it is until `instant`; nothing if that is past.
    pub fn until(&self, instant: Timestamp) -> Duration {
        let milliseconds = instant.0.saturating_sub(self.now().0);
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
    }

    /// Moves this clock and all its clones forward, as time does.
    pub fn advance(&self, duration: Duration) {
        self.0.advanced.fetch_add(millis(duration), Ordering::Relaxed);
    }

    /// Sets the wall clock forward or back, as somebody may.
    pub fn set_wall(&self, by: TimeDelta) {
        self.0.jumped.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }
}

/// How far `wall` is ahead of `steady`.
fn ahead(wall: Timestamp, steady: Timestamp) -> TimeDelta {
    TimeDelta::milliseconds(wall.0.saturating_sub(steady.0))
}

/// How far `wall` is ahead of `steady`, if that is a jump.
fn jump(wall: Timestamp, steady: Timestamp) -> Option<TimeDelta> {
    Some(ahead(wall, steady)).filter(|ahead| ahead.abs() >= JUMP)
}

/// Time that has passed, since an instant that is the same until the machine starts anew.
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
