//! A rate limit: the generic cell rate algorithm (GCRA), as virtual scheduling in ITU-T Recommendation
//! I.371, annex A. It needs one instant for each client, and no timer.
//!
//! The caller passes the time of a monotonic clock. A refused event changes nothing.

use std::time::Duration;

/// A rate limit: a sustained rate and a burst.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// The increment of I.371: the interval between evenly spaced events.
    increment: Duration,
    /// The limit of I.371: how much too early an event may come.
    limit: Duration,
}

impl Rate {
    /// A rate of `per_second` events with bursts of `burst`, at least one.
    pub(crate) fn new(per_second: f64, burst: u32) -> Self {
        let increment = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::MAX);
        Self { increment, limit: increment.saturating_mul(burst.saturating_sub(1)) }
    }
}

/// When the next event is due if all were evenly spaced: the theoretical arrival time of I.371.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Due(Duration);

impl Due {
    /// The time from `now` until an event is admitted; zero if one is admitted now.
    pub(super) fn wait(self, rate: Rate, now: Duration) -> Duration {
        self.0.saturating_sub(now.saturating_add(rate.limit))
    }

    /// Counts an event at `now`, even if it is too early.
    pub(super) fn count(&mut self, rate: Rate, now: Duration) {
        self.0 = self.0.max(now).saturating_add(rate.increment);
    }

    /// Whether the whole burst is available again.
    pub(super) fn has_recovered(self, now: Duration) -> bool {
        self.0 <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Counts an event if it is admitted. Returns whether it is.
    fn admit(due: &mut Due, rate: Rate, now: Duration) -> bool {
        let is_admitted = due.wait(rate, now).is_zero();
        if is_admitted {
            due.count(rate, now);
        }
        is_admitted
    }

    /// How many of `requests`, spaced by `apart`, are admitted.
    fn admitted(due: &mut Due, rate: Rate, requests: u32, apart: Duration) -> u32 {
        (0..requests).map(|request| u32::from(admit(due, rate, apart * request))).sum()
    }

    #[test]
    fn a_burst_is_admitted_at_once_and_no_more() {
        for burst in [1, 2, 40] {
            let rate = Rate::new(20.0, burst);
            assert_eq!(admitted(&mut Due::default(), rate, 100, Duration::ZERO), burst);
        }
    }

    #[test]
    fn in_the_long_run_the_rate_is_admitted_after_the_burst() {
        for (per_second, burst) in [(20.0, 40), (0.5, 3), (3.0, 2)] {
            let rate = Rate::new(per_second, burst);
            let flood = admitted(&mut Due::default(), rate, 60_000, SECOND / 100);
            let even = per_second * 600.0;
            assert!((f64::from(flood) - even - f64::from(burst)).abs() <= 1.0, "{flood}");
        }
    }

    #[test]
    fn one_is_admitted_when_the_wait_is_over_and_not_before() {
        let rate = Rate::new(0.3, 2);
        let mut due = Due::default();
        assert_eq!(admitted(&mut due, rate, 3, Duration::ZERO), 2);
        let wait = due.wait(rate, Duration::ZERO);
        assert!(wait > 3 * SECOND && wait < 4 * SECOND, "{wait:?}");
        assert!(!admit(&mut due, rate, wait.saturating_sub(Duration::from_nanos(1))));
        assert!(admit(&mut due, rate, wait));
        assert!(!admit(&mut due, rate, wait));
    }

    #[test]
    fn whoever_waited_long_enough_has_the_whole_burst_again() {
        let (rate, mut due) = (Rate::new(2.0, 6), Due::default());
        assert_eq!(admitted(&mut due, rate, 6, Duration::ZERO), 6);
        assert!(!due.has_recovered((3 * SECOND).saturating_sub(Duration::from_nanos(1))));
        assert!(due.has_recovered(3 * SECOND));
        due.count(rate, Duration::ZERO);
        assert_eq!(due.wait(rate, Duration::ZERO), SECOND, "an early event counts as well");
    }

    #[test]
    fn the_most_that_can_be_asked_for_overflows_nothing() {
        let mut due = Due::default();
        for rate in [Rate::new(1e-300, u32::MAX), Rate::new(1e300, u32::MAX), Rate::new(0.0, 0)] {
            due.count(rate, Duration::MAX);
            assert_eq!(due.wait(rate, Duration::MAX), Duration::ZERO);
        }
    }
}
