//! Deleting ended rows, a bounded portion at a time.

use rusqlite::{Row, params};

use super::{Transaction, bytes, flags, slot, sql};
use crate::domain::clock::Timestamp;
use crate::domain::id::LookupId;
use crate::domain::secret::Flags;
use crate::store::sqlite::place::end_of_expired;
use crate::store::{Purged, State};

/// A purge deletes so many more rows of each table than there were secrets stored since the last one.
const MORE_ROWS: u32 = 200;
/// A purge counts at most so many stored secrets, so that a view does not wait long behind it. Between two
/// portions of a round the store runs a few batches, which store fewer.
const MAX_STORED: u32 = 2_000;
/// A purge deletes no further secret once the deleted ones had this many sealed bytes: SQLite reads all of
/// their pages, and a view must not wait long behind that.
const PURGE_BYTES: u32 = 1 << 24;

/// The result of purging one portion.
pub(in super::super) struct Portion {
    pub(in super::super) purged: Purged,
    /// Whether ended secrets are left, also viewed ones.
    pub(in super::super) is_sealed_left: bool,
    /// When the next remaining row is due for purging, if any row remains.
    pub(in super::super) left_until: Option<Timestamp>,
}

impl Transaction<'_> {
    /// Deletes a portion of the ended rows. The portion grows with the secrets `stored` since the last one,
    /// so that deleting keeps up with storing.
    pub(in super::super) fn purge(&mut self, stored: u64) -> rusqlite::Result<Portion> {
        let rows = MORE_ROWS + u32::try_from(stored).map_or(MAX_STORED, |it| it.min(MAX_STORED));
        let now = self.settled.as_millis();
        let kept_since = self.settled.minus(self.rules.receipts_kept).as_millis();
        self.purge_claims(rows)?;
        let secrets = self.purge_secrets(rows)?;
        self.execute(sql!("purge_receipts"), params![kept_since, rows])?;
        self.execute(sql!("purge_creations"), params![now, rows])?;
        let end = end_of_expired(self.settled);
        let rest = self.find(sql!("purge_rest"), params![now, kept_since, end], |row| {
            Ok((row.get("is_sealed_left")?, row.get("is_else_left")?))
        })?;
        let (is_sealed_left, is_else_left): (bool, bool) = rest.unwrap_or_default();
        let purged = Purged { secrets, is_complete: !is_sealed_left && !is_else_left };
        Ok(Portion { purged, is_sealed_left, left_until: self.next_due()? })
    }

    /// When the next row is due for purging, if there is a row.
    fn next_due(&self) -> rusqlite::Result<Option<Timestamp>> {
        let kept = self.rules.receipts_kept;
        let due = self.find(sql!("next_due"), [], |row| {
            let receipt = instant(row, "receipt")?.map(|ended_at| ended_at.plus(kept));
            Ok([
                instant(row, "secret")?,
                instant(row, "claim")?,
                receipt,
                instant(row, "creation")?,
            ])
        })?;
        Ok(due.into_iter().flatten().flatten().min())
    }

    /// Deletes a portion of the secrets whose redelivery has ended.
    fn purge_claims(&mut self, rows: u32) -> rusqlite::Result<()> {
        let values = params![self.settled.as_millis(), rows, PURGE_BYTES];
        let ended: Vec<i64> = self.erasing(|it| {
            let mut delete = it.connection.prepare_cached(sql!("purge_claims"))?;
            delete.query_map(values, |row| row.get(0))?.collect()
        })?;
        ended.into_iter().try_for_each(|place| self.forget(place))
    }

    /// Deletes a portion of the expired secrets, with their guards and claims. Returns how many of them
    /// were never viewed.
    fn purge_secrets(&mut self, rows: u32) -> rusqlite::Result<usize> {
        let expired: Vec<Expired> = {
            let mut delete = self.connection.prepare_cached(sql!("purge_secrets"))?;
            let (now, end) = (self.settled.as_millis(), end_of_expired(self.settled));
            let expired = delete.query_map(params![now, rows, PURGE_BYTES, end], Expired::read)?;
            expired.collect::<rusqlite::Result<_>>()?
        };
        // Their receipts need no update: a new receipt's `ended_at` is the expiry of its secret, and a
        // pending receipt whose `ended_at` has passed is read as expired.
        for Expired { place, id, flags, is_viewed, slot } in &expired {
            self.shreds.empty(*slot)?;
            if *is_viewed {
                self.unclaim(*place)?;
            } else {
                self.tally.remove(*place, State::Expired);
                self.unguard(id, *flags)?;
            }
        }
        Ok(expired.iter().filter(|secret| !secret.is_viewed).count())
    }
}

/// An expired secret that was just deleted.
struct Expired {
    place: i64,
    id: LookupId,
    flags: Flags,
    is_viewed: bool,
    slot: i64,
}

impl Expired {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            place: row.get("id")?,
            id: LookupId::from_bytes(bytes(row, "lookup_id")),
            flags: flags(row),
            is_viewed: row.get("is_viewed")?,
            slot: slot(row),
        })
    }
}

fn instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}
