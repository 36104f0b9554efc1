//! The changes of a transaction, which are reported to the metrics after its commit.
//!
//! After the start, a walk in portions counts the secrets once. Meanwhile secrets are added and removed.
//! At a place that is already counted, this changes the number. At a place not counted yet, it changes
//! nothing: the walk counts what it finds there.

use crate::domain::clock::Timestamp;
use crate::metrics::StoreMetrics;
use crate::store::State;

/// The changes of one transaction.
#[derive(Clone, Copy)]
pub(super) struct Tally {
    /// How many secrets have entered each [`State`]; new ones are pending.
    became: [u64; 5],
    /// Creations that were refused for lack of space.
    pub(super) refused: u64,
    /// The change in the number of counted secrets.
    living: i64,
    /// The last place up to which secrets are counted.
    counted_to: i64,
    /// The earliest instant at which a new row is due for purging.
    due: i64,
}

/// The value of `counted_to` before counting begins.
pub(super) const NOWHERE: i64 = i64::MIN;
/// The value of `counted_to` when all are counted.
const EVERYWHERE: i64 = i64::MAX;

impl Tally {
    /// The tally of a new transaction. Earlier ones have counted up to `counted_to`.
    pub(super) const fn new(counted_to: i64) -> Self {
        Self { became: [0; 5], refused: 0, living: 0, counted_to, due: i64::MAX }
    }

    /// Notes that a secret was added at this place.
    pub(super) fn add(&mut self, place: i64, expires_at: Timestamp) {
        self.became[State::Pending as usize] += 1;
        self.living += i64::from(place <= self.counted_to);
        self.falls_due(expires_at);
    }

    /// Notes that a secret was removed from this place and is now in this state.
    pub(super) fn remove(&mut self, place: i64, state: State) {
        self.became[state as usize] += 1;
        self.living -= i64::from(place <= self.counted_to);
    }

    /// Notes that a new row is due for purging at `instant`.
    pub(super) fn falls_due(&mut self, instant: Timestamp) {
        self.due = self.due.min(instant.as_millis());
    }

    /// How many secrets were stored.
    pub(super) const fn stored(&self) -> u64 {
        self.became[State::Pending as usize]
    }

    /// The last place up to which secrets are counted.
    pub(super) const fn counted_to(&self) -> i64 {
        self.counted_to
    }

    /// Adds a portion of `secrets` rows after `counted_to`. It ends at the place `last`, or at the end
    /// of the table if that is `None`.
    pub(super) fn count(&mut self, secrets: u32, last: Option<i64>) {
        self.living += i64::from(secrets);
        self.counted_to = last.unwrap_or(EVERYWHERE);
    }

    /// Reports refusals and, after a commit, changes to the metrics. Returns the new `counted_to` after
    /// a commit.
    pub(super) fn report(&self, metrics: &StoreMetrics, is_committed: bool) -> Option<i64> {
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
