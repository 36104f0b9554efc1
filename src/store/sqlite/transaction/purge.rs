//! Deleting ended rows, a bounded portion at a time.

use rusqlite::{Row, params};

use super::{Transaction, bytes, flags, sql};
use crate::domain::clock::Timestamp;
use crate::domain::id::LookupId;
use crate::store::sqlite::place::end_of_expired;
use crate::store::{Purged, State};

/// The most rows of each table that one purge deletes, so that a view does not wait long behind it.
const PURGE_ROWS: u32 = 200;
/// A purge deletes no further row of a table once the deleted ones had this many sealed bytes: SQLite
/// overwrites them, and so writes as many bytes to the log.
const PURGE_BYTES: u32 = 1 << 20;

/// The result of purging one portion.
pub(in super::super) struct Portion {
    pub(in super::super) purged: Purged,
    /// Whether ended rows with sealed bytes are left.
    pub(in super::super) is_sealed_left: bool,
    /// When the next remaining row is due for purging, if any row remains.
    pub(in super::super) left_until: Option<Timestamp>,
}

impl Transaction<'_> {
    /// Deletes a portion of the ended rows.
    pub(in super::super) fn purge(&mut self) -> rusqlite::Result<Portion> {
        let now = self.settled.as_millis();
        let kept_since = self.settled.minus(self.rules.receipts_kept).as_millis();
        let secrets = self.purge_secrets()?;
        self.execute(sql!("purge_claims"), params![now, PURGE_ROWS, PURGE_BYTES])?;
        self.execute(sql!("purge_receipts"), params![kept_since, PURGE_ROWS])?;
        self.execute(sql!("purge_creations"), params![now, PURGE_ROWS])?;
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

    /// Deletes a portion of the expired secrets, with their guards.
    fn purge_secrets(&mut self) -> rusqlite::Result<usize> {
        let mut expired = Vec::new();
        {
            let mut delete = self.connection.prepare_cached(sql!("purge_secrets"))?;
            let (now, end) = (self.settled.as_millis(), end_of_expired(self.settled));
            let mut rows = delete.query(params![now, PURGE_ROWS, PURGE_BYTES, end])?;
            while let Some(row) = rows.next()? {
                let id = LookupId::from_bytes(bytes(row, "lookup_id"));
                expired.push((id, flags(row)));
                self.tally.remove(row.get("id")?, State::Expired);
            }
        }
        // Their receipts need no update: a new receipt's `ended_at` is the expiry of its secret, and a
        // pending receipt whose `ended_at` has passed is read as expired.
        for (id, flags) in &expired {
            self.unguard(id, *flags)?;
        }
        Ok(expired.len())
    }
}

fn instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}
