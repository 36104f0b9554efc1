//! Histograms of durations.

use hdrhistogram::Histogram;

use super::Outcome;

/// Longer durations are recorded as this one.
const LONGEST_NS: u64 = 60_000_000_000;

/// A histogram of nanoseconds, from a microsecond to a minute, with three significant digits.
pub(crate) fn histogram() -> Outcome<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1_000, LONGEST_NS, 3)?)
}

/// The duration that this fraction of the samples did not exceed, in milliseconds.
pub(crate) fn quantile(times: &Histogram<u64>, part: f64) -> f64 {
    times.value_at_quantile(part) as f64 / 1e6
}
