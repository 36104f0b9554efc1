//! What has ended is deleted, a bounded part at a time.

use rusqlite::params;

use super::{Work, bytes, flags, sql};
use crate::id::LookupId;
use crate::store::Purged;
use crate::store::sqlite::place::end_of_expired;

/// Rows of each table that one purge deletes at the most, so that no view waits long behind it.
const PURGE_ROWS: u32 = 200;
/// Sealed bytes of each that it deletes, but for the last row: each is overwritten, through the log.
const PURGE_BYTES: u32 = 1 << 20;

/// What a purge deleted, and what it left.
pub(in super::super) struct Portion {
    pub(in super::super) purged: Purged,
    /// Whether sealed bytes are left that have ended.
    pub(in super::super) is_sealed_left: bool,
}

/// Deletes some of what has ended.
pub(in super::super) fn purge(work: &Work<'_>) -> rusqlite::Result<Portion> {
    let now = work.settled.as_millis();
    let kept_since = work.settled.minus(work.rules.receipts_kept).as_millis();
    let secrets = purge_secrets(work)?;
    work.execute(sql!("purge_claims"), params![now, PURGE_ROWS, PURGE_BYTES])?;
    work.execute(sql!("purge_receipts"), params![kept_since, PURGE_ROWS])?;
    work.execute(sql!("purge_creations"), params![now, PURGE_ROWS])?;
    let end = end_of_expired(work.settled);
    let rest = work.find(sql!("purge_rest"), params![now, kept_since, end], |row| {
        Ok((row.get("is_sealed_left")?, row.get("is_else_left")?))
    })?;
    let (is_sealed_left, is_else_left): (bool, bool) = rest.unwrap_or_default();
    let purged = Purged { secrets, is_complete: !is_sealed_left && !is_else_left };
    Ok(Portion { purged, is_sealed_left })
}

/// Deletes some of the secrets that have expired, and what is beside them.
fn purge_secrets(work: &Work<'_>) -> rusqlite::Result<usize> {
    let mut expired = Vec::new();
    {
        let mut delete = work.connection.prepare_cached(sql!("purge_secrets"))?;
        let (now, end) = (work.settled.as_millis(), end_of_expired(work.settled));
        let mut rows = delete.query(params![now, PURGE_ROWS, PURGE_BYTES, end])?;
        while let Some(row) = rows.next()? {
            let id = LookupId::from_bytes(bytes(row, "lookup_id"));
            expired.push((id, flags(row)));
        }
    }
    // Their receipts say by themselves that they have expired.
    for (id, flags) in &expired {
        work.unguard(id, *flags)?;
    }
    Ok(expired.len())
}
