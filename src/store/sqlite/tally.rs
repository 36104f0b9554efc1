//! What a transaction does to the secrets. It is told to the metrics when it has committed.
//!
//! How many secrets there are is counted once, after the start, by walking the store in portions.
//! Meanwhile secrets come and go. Those that do so where they are counted already change the number;
//! the others, the walk will find or not find by itself.

use crate::domain::clock::Timestamp;
use crate::metrics::StoreMetrics;
use crate::store::State;

/// What a transaction does.
#[derive(Clone, Copy)]
pub(super) struct Tally {
    /// How many secrets have become each [`State`]; those that came are pending.
    became: [u64; 5],
    /// Creations that were refused for want of room.
    pub(super) refused: u64,
    /// How many more there are where secrets are counted.
    living: i64,
    /// The last place up to which secrets are counted.
    counted_to: i64,
    /// When the first of what has come is to be purged.
    due: i64,
}

/// That place when counting has not begun.
pub(super) const NOWHERE: i64 = i64::MIN;
/// That place when all are counted.
const EVERYWHERE: i64 = i64::MAX;

impl Tally {
    /// One of a transaction that has done nothing yet, and of how far secrets were counted before.
    pub(super) const fn new(counted_to: i64) -> Self {
        Self { became: [0; 5], refused: 0, living: 0, counted_to, due: i64::MAX }
    }

    /// A secret has come to this place, which expires then.
    pub(super) fn comes(&mut self, place: i64, expires_at: Timestamp) {
        self.became[State::Pending as usize] += 1;
        self.living += i64::from(place <= self.counted_to);
        self.falls_due(expires_at);
    }

    /// A secret has gone from this place, for this reason.
    pub(super) fn goes(&mut self, place: i64, state: State) {
        self.became[state as usize] += 1;
        self.living -= i64::from(place <= self.counted_to);
    }

    /// Something has come that is to be purged then.
    pub(super) fn falls_due(&mut self, instant: Timestamp) {
        self.due = self.due.min(instant.as_millis());
    }

    /// The last place up to which secrets are counted.
    pub(super) const fn counted_to(&self) -> i64 {
        self.counted_to
    }

    /// So many secrets stand behind that place, up to the `last` one of them or up to the end.
    pub(super) fn count(&mut self, secrets: u32, last: Option<i64>) {
        self.living += i64::from(secrets);
        self.counted_to = last.unwrap_or(EVERYWHERE);
    }

    /// Counts what was refused, and if it has committed, what was done. Returns how far secrets are
    /// counted then.
    pub(super) fn tell(&self, metrics: &StoreMetrics, is_committed: bool) -> Option<i64> {
        metrics.refused.inc_by(self.refused);
        if !is_committed {
            return None;
        }
        let StoreMetrics { created, viewed, burned, locked, expired, .. } = metrics;
        let counters = [created, viewed, burned, locked, expired];
        counters.into_iter().zip(self.became).for_each(|(counter, more)| counter.inc_by(more));
        metrics.living.add(self.living);
        if self.counted_to == EVERYWHERE {
            metrics.show_living();
        }
        metrics.falls_due(self.due);
        Some(self.counted_to)
    }
}
