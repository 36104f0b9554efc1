//! What has ended is deleted, a bounded part at a time.

use rusqlite::params;

use super::{Work, flags, sql};
use crate::id::LookupId;
use crate::store::Purged;

/// Rows of each table that one purge deletes at the most, so that no view waits long behind it.
const PURGE_ROWS: u32 = 1_000;
/// Sealed bytes of each that it deletes, but for the last row: each is overwritten, through the log.
const PURGE_BYTES: u32 = 1 << 20;

/// Deletes some of what has ended.
pub(in super::super) fn purge(work: &Work<'_>) -> rusqlite::Result<Purged> {
    let now = work.now.as_millis();
    let kept_since = work.now.minus(work.rules.receipts_kept).as_millis();
    let secrets = purge_secrets(work)?;
    work.execute(sql!("purge_claims"), params![now, PURGE_ROWS, PURGE_BYTES])?;
    work.execute(sql!("purge_receipts"), params![kept_since, PURGE_ROWS])?;
    work.execute(sql!("purge_creations"), params![now, PURGE_ROWS])?;
    let is_left =
        work.find(sql!("purge_rest"), params![now, kept_since], |row| row.get("is_left"))?;
    Ok(Purged { secrets, is_complete: is_left == Some(false) })
}

/// Deletes some of the secrets that have expired, and what is beside them.
fn purge_secrets(work: &Work<'_>) -> rusqlite::Result<usize> {
    let mut expired = Vec::new();
    {
        let mut delete = work.connection.prepare_cached(sql!("purge_secrets"))?;
        let mut rows = delete.query(params![work.now.as_millis(), PURGE_ROWS, PURGE_BYTES])?;
        while let Some(row) = rows.next()? {
            let id = LookupId::from_bytes(row.get("lookup_id").unwrap_or_default());
            expired.push((id, flags(row)));
        }
    }
    // Their receipts say by themselves that they have expired.
    for (id, flags) in &expired {
        work.unguard(id, *flags)?;
    }
    Ok(expired.len())
}
