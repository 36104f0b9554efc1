//! What a store counts of what it does.

use crate::meter::{Counter, Gauge, Histogram, MESSAGES, TIMES};

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
