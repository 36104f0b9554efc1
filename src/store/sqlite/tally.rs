//! What a transaction does to the secrets. It is told to the meters when it has committed.
//!
//! How many there are is counted once, after the start, by the survey that walks the store in
//! portions; beside it, secrets come and go. Those that do so where it has been change the number;
//! those where it has not been yet, it will find or not find by itself.

use crate::clock::Timestamp;
use crate::store::State;
use crate::store::StoreMeters;

/// What a transaction does.
#[derive(Clone, Copy)]
pub(super) struct Tally {
    created: u64,
    viewed: u64,
    burned: u64,
    locked: u64,
    expired: u64,
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
        Self {
            created: 0,
            viewed: 0,
            burned: 0,
            locked: 0,
            expired: 0,
            refused: 0,
            living: 0,
            surveyed,
            due: i64::MAX,
        }
    }

    /// A secret has come to this place, which expires then.
    pub(super) fn comes(&mut self, place: i64, expires_at: Timestamp) {
        self.created += 1;
        self.living += i64::from(place <= self.surveyed);
        self.falls_due(expires_at);
    }

    /// A secret has gone from this place, for this reason.
    pub(super) fn goes(&mut self, place: i64, state: State) {
        let count = match state {
            State::Viewed => &mut self.viewed,
            State::Burned => &mut self.burned,
            State::Locked => &mut self.locked,
            State::Expired | State::Pending => &mut self.expired,
        };
        *count += 1;
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

    /// Tells the meters what was refused, and if it has committed, what was done. Returns how far the
    /// survey has come then.
    pub(super) fn tell(&self, meters: &StoreMeters, is_committed: bool) -> Option<i64> {
        meters.refused.add(self.refused);
        if !is_committed {
            return None;
        }
        meters.created.add(self.created);
        meters.viewed.add(self.viewed);
        meters.burned.add(self.burned);
        meters.locked.add(self.locked);
        meters.expired.add(self.expired);
        meters.count_living(self.living, self.surveyed == EVERYWHERE);
        meters.comes_until(self.due);
        Some(self.surveyed)
    }
}
