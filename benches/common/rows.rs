//! The stores to measure, by the number of rows that they hold before the measurement.

use super::Outcome;
use super::prefilled::Prefilled;

/// Numbers of rows that are measured without `--rows`.
const DEFAULT_ROWS: [u64; 2] = [0, 1_000_000];
/// Measured without `--rows` only if the store exists: filling it takes minutes and 11 GB.
const IF_PRESENT: u64 = 10_000_000;

/// A store to measure: an empty one, or one that is full of unexpired secrets.
pub(crate) enum Rows {
    Empty,
    Living(Prefilled),
}

impl Rows {
    /// Opens the stores of these sizes, or those of the default sizes if none is given.
    pub(crate) async fn open(requested: &[u64]) -> Outcome<Vec<Self>> {
        let mut stores = Vec::new();
        for count in counts(requested) {
            stores.push(match count {
                0 => Self::Empty,
                count => Self::Living(Prefilled::open(count).await?),
            });
        }
        Ok(stores)
    }

    /// Opens the first store that is not empty.
    pub(crate) async fn first_living(requested: &[u64]) -> Outcome<Option<Self>> {
        match counts(requested).into_iter().find(|count| *count > 0) {
            Some(count) => Ok(Some(Self::Living(Prefilled::open(count).await?))),
            None => Ok(None),
        }
    }

    /// The number of rows with which it was filled.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Living(prefilled) => prefilled.series().count,
        }
    }
}

fn counts(requested: &[u64]) -> Vec<u64> {
    if !requested.is_empty() {
        return requested.to_vec();
    }
    let present = Some(IF_PRESENT).filter(|count| Prefilled::exists(*count));
    DEFAULT_ROWS.into_iter().chain(present).collect()
}
