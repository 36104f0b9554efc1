//! What is counted while the service runs: whoever does something adds to an atomic, and whoever asks
//! reads it. Nobody waits for anybody, and nothing here knows how it is shown.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// What it has grown to.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Adds to it, or takes from it.
    pub fn add(&self, more: i64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// Has it be this.
    pub fn set(&self, value: i64) {
        self.0.store(value, Relaxed);
    }

    /// Has it be this, if that is less.
    pub fn lower(&self, value: i64) {
        self.0.fetch_min(value, Relaxed);
    }

    /// What it is.
    pub fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

/// Bounds, in microseconds, of how long something takes: from what memory does to what waits longest.
pub const TIMES: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000,
];
/// Bounds of how many messages a transaction holds.
pub const MESSAGES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// How many of the numbers that were observed are within which bounds.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// Those of each bound that are above the one before; and the rest.
    counts: Box<[Counter]>,
    sum: Counter,
}

impl Histogram {
    /// One with these bounds, which rise.
    #[must_use]
    pub fn new(bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| Counter::default()).collect();
        Self { bounds, counts, sum: Counter::default() }
    }

    /// Counts a number.
    pub fn observe(&self, number: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < number);
        if let Some(count) = self.counts.get(bucket) {
            count.add(1);
        }
        self.sum.add(number);
    }

    /// Counts a time, in microseconds.
    pub fn observe_time(&self, time: Duration) {
        self.observe(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// The bounds, each with those that are within it and not within the one before; without a bound,
    /// the rest.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        bounds.zip(self.counts.iter().map(Counter::get))
    }

    /// The sum of all.
    pub fn sum(&self) -> u64 {
        self.sum.get()
    }
}

/// No instant: nothing is to be purged, ever.
const NEVER: i64 = i64::MAX;
/// Not known yet.
const UNKNOWN: i64 = i64::MIN;

/// What a store says of what it does. It says it when that has committed.
#[derive(Debug)]
pub struct StoreMeters {
    /// Secrets stored.
    pub created: Counter,
    /// Secrets handed out; repeats are none.
    pub viewed: Counter,
    /// Secrets burned unseen.
    pub burned: Counter,
    /// Secrets destroyed after too many wrong passphrases.
    pub locked: Counter,
    /// Secrets purged that had expired.
    pub expired: Counter,
    /// Creations refused for want of room.
    pub refused: Counter,
    /// Messages in its mailbox.
    pub queue: Gauge,
    /// Messages in each batch.
    pub batches: Histogram,
    /// How long each COMMIT took.
    pub commits: Histogram,
    /// Transactions that failed.
    pub failed: Counter,
    /// Bytes of the database.
    pub database_bytes: Gauge,
    /// Bytes of its log.
    pub log_bytes: Gauge,
    living: Gauge,
    /// 1 when all are counted that were there at the start.
    is_counted: Gauge,
    /// When the first of what is there is to be purged, in milliseconds since the Unix epoch.
    due: Gauge,
}

impl Default for StoreMeters {
    fn default() -> Self {
        let due = Gauge::default();
        due.set(UNKNOWN);
        Self {
            created: Counter::default(),
            viewed: Counter::default(),
            burned: Counter::default(),
            locked: Counter::default(),
            expired: Counter::default(),
            refused: Counter::default(),
            queue: Gauge::default(),
            batches: Histogram::new(MESSAGES),
            commits: Histogram::new(TIMES),
            failed: Counter::default(),
            database_bytes: Gauge::default(),
            log_bytes: Gauge::default(),
            living: Gauge::default(),
            is_counted: Gauge::default(),
            due,
        }
    }
}

impl StoreMeters {
    /// Secrets that stand in the store, among them those that have expired and are not purged yet; once
    /// all are counted that were there at the start.
    pub fn living(&self) -> Option<i64> {
        (self.is_counted.get() == 1).then(|| self.living.get())
    }

    /// Counts secrets that came or went, and whether that makes the number complete.
    pub fn count_living(&self, more: i64, is_complete: bool) {
        self.living.add(more);
        if is_complete {
            self.is_counted.set(1);
        }
    }

    /// Has a purge tell when the first thing that it left is to be purged, if it left any.
    pub fn left_until(&self, milliseconds: Option<i64>) {
        self.due.set(milliseconds.unwrap_or(NEVER));
    }

    /// Has something come that is to be purged then.
    pub fn comes_until(&self, milliseconds: i64) {
        self.due.lower(milliseconds);
    }

    /// For how many milliseconds something has been there at `now` that is to be purged; once the
    /// first purge has told.
    pub fn purge_lag(&self, now: i64) -> Option<u64> {
        match self.due.get() {
            UNKNOWN => None,
            due => Some(u64::try_from(now.saturating_sub(due)).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_counted_within_the_first_bound_that_is_not_less() {
        let histogram = Histogram::new(&[10, 20]);
        for number in [0, 10, 11, 20, 21, 1_000] {
            histogram.observe(number);
        }
        let buckets: Vec<_> = histogram.buckets().collect();
        assert_eq!(buckets, [(Some(10), 2), (Some(20), 2), (None, 2)]);
        assert_eq!(histogram.sum(), 1_062);
    }

    #[test]
    fn bounds_rise() {
        for bounds in [TIMES, MESSAGES] {
            assert!(bounds.is_sorted_by(|one, next| one < next));
        }
    }

    #[test]
    fn the_living_are_told_when_they_are_counted() {
        let meters = StoreMeters::default();
        meters.count_living(3, false);
        assert_eq!(meters.living(), None);
        meters.count_living(-1, true);
        assert_eq!(meters.living(), Some(2));
    }

    #[test]
    fn what_is_left_counts_from_the_instant_it_was_to_be_purged() {
        let meters = StoreMeters::default();
        meters.comes_until(5);
        assert_eq!(meters.purge_lag(10), None);
        meters.left_until(None);
        assert_eq!(meters.purge_lag(10), Some(0));
        meters.comes_until(30);
        meters.comes_until(20);
        assert_eq!([10, 20, 50].map(|now| meters.purge_lag(now)), [Some(0), Some(0), Some(30)]);
        meters.left_until(Some(40));
        assert_eq!(meters.purge_lag(50), Some(10));
    }
}
