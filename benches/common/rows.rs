//! How many rows a store holds before it is measured.

use super::Outcome;
use super::prefilled::Prefilled;

/// What is measured where nothing else is asked for.
const ALWAYS: [u64; 2] = [0, 1_000_000];
/// What is measured besides where such a store is there already: filling it takes minutes, and
/// room on the disk.
const IF_KEPT: u64 = 10_000_000;

/// A store to measure on: an empty one, or one that is full of living secrets.
pub(crate) enum Rows {
    Empty,
    Living(Prefilled),
}

impl Rows {
    /// Those asked for, or else what is measured without being asked for.
    pub(crate) async fn open(asked_for: &[u64]) -> Outcome<Vec<Self>> {
        let mut stores = Vec::new();
        for count in counts(asked_for) {
            stores.push(match count {
                0 => Self::Empty,
                count => Self::Living(Prefilled::open(count).await?),
            });
        }
        Ok(stores)
    }

    /// The first of those that is not empty.
    pub(crate) async fn first_living(asked_for: &[u64]) -> Outcome<Option<Self>> {
        match counts(asked_for).into_iter().find(|count| *count > 0) {
            Some(count) => Ok(Some(Self::Living(Prefilled::open(count).await?))),
            None => Ok(None),
        }
    }

    /// How many rows there were when it was filled.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Living(prefilled) => prefilled.series().count,
        }
    }
}

fn counts(asked_for: &[u64]) -> Vec<u64> {
    if !asked_for.is_empty() {
        return asked_for.to_vec();
    }
    let kept = Some(IF_KEPT).filter(|count| Prefilled::is_kept(*count));
    ALWAYS.into_iter().chain(kept).collect()
}
