//! How long things took.

use hdrhistogram::Histogram;

use super::Outcome;

/// The longest time that is told apart, in nanoseconds.
const LONGEST_NS: u64 = 60_000_000_000;

/// For nanoseconds, up to a minute, to three digits.
pub(crate) fn histogram() -> Outcome<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1_000, LONGEST_NS, 3)?)
}

/// The time that this share of the samples did not exceed, in milliseconds.
pub(crate) fn quantile(times: &Histogram<u64>, part: f64) -> f64 {
    times.value_at_quantile(part) as f64 / 1e6
}
