//! What a transaction does to the secrets. It is told to the metrics when it has committed.
//!
//! How many there are is counted once, after the start, by the survey that walks the store in
//! portions; beside it, secrets come and go. Those that do so where it has been change the number;
//! those where it has not been yet, it will find or not find by itself.

use crate::clock::Timestamp;
use crate::metrics::StoreMetrics;
use crate::store::State;

/// What a transaction does.
#[derive(Clone, Copy)]
pub(super) struct Tally {
    /// How many secrets have become each [`State`]; those that came are pending.
    became: [u64; 5],
    /// Creations that were refused for want of room.
    pub(super) refused: u64,
    /// How many more there are where the survey has been.
    living: i64,
    /// The last place where the survey has been.
    surveyed: i64,
    /// When the first of what has come is to be purged.
    due: i64,
}

/// Where the survey has been when it has not begun: nowhere.
pub(super) const NOWHERE: i64 = i64::MIN;
/// Where it has been when it is through.
const EVERYWHERE: i64 = i64::MAX;

impl Tally {
    /// One of a transaction that has done nothing yet, and of how far the survey has come before.
    pub(super) const fn new(surveyed: i64) -> Self {
        Self { became: [0; 5], refused: 0, living: 0, surveyed, due: i64::MAX }
    }

    /// A secret has come to this place, which expires then.
    pub(super) fn comes(&mut self, place: i64, expires_at: Timestamp) {
        self.became[State::Pending as usize] += 1;
        self.living += i64::from(place <= self.surveyed);
        self.falls_due(expires_at);
    }

    /// A secret has gone from this place, for this reason.
    pub(super) fn goes(&mut self, place: i64, state: State) {
        self.became[state as usize] += 1;
        self.living -= i64::from(place <= self.surveyed);
    }

    /// Something has come that is to be purged then.
    pub(super) fn falls_due(&mut self, instant: Timestamp) {
        self.due = self.due.min(instant.as_millis());
    }

    /// The survey has found so many secrets after a place, up to the `last` one, or up to the end. It
    /// counts if it goes on where it was.
    pub(super) fn survey(&mut self, after: i64, found: u32, last: Option<i64>) {
        if after == self.surveyed {
            self.living += i64::from(found);
            self.surveyed = last.unwrap_or(EVERYWHERE);
        }
    }

    /// Counts what was refused, and if it has committed, what was done. Returns how far the survey has
    /// come then.
    pub(super) fn tell(&self, metrics: &StoreMetrics, is_committed: bool) -> Option<i64> {
        metrics.refused.inc_by(self.refused);
        if !is_committed {
            return None;
        }
        let StoreMetrics { created, viewed, burned, locked, expired, .. } = metrics;
        let counters = [created, viewed, burned, locked, expired];
        counters.into_iter().zip(self.became).for_each(|(counter, more)| counter.inc_by(more));
        metrics.living.add(self.living);
        if self.surveyed == EVERYWHERE {
            metrics.show_living();
        }
        metrics.falls_due(self.due);
        Some(self.surveyed)
    }
}
