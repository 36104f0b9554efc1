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
}
