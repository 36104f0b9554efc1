//! What has ended is deleted, a bounded part at a time.

use rusqlite::{Row, params};

use super::{Work, bytes, flags, sql};
use crate::clock::Timestamp;
use crate::id::LookupId;
use crate::store::sqlite::place::end_of_expired;
use crate::store::{Purged, State};

/// Rows of each table that one purge deletes at the most, so that no view waits long behind it.
const PURGE_ROWS: u32 = 200;
/// Sealed bytes of each that it deletes, but for the last row: each is overwritten, through the log.
const PURGE_BYTES: u32 = 1 << 20;

/// What a purge deleted, and what it left.
pub(in super::super) struct Portion {
    pub(in super::super) purged: Purged,
    /// Whether sealed bytes are left that have ended.
    pub(in super::super) is_sealed_left: bool,
    /// When the first of all that is left is to be purged, if anything is left.
    pub(in super::super) left_until: Option<Timestamp>,
}

/// Deletes some of what has ended.
pub(in super::super) fn purge(work: &mut Work<'_>) -> rusqlite::Result<Portion> {
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
    Ok(Portion { purged, is_sealed_left, left_until: next_due(work)? })
}

/// When the first of all that is there is to be purged, if there is anything.
fn next_due(work: &Work<'_>) -> rusqlite::Result<Option<Timestamp>> {
    let kept = work.rules.receipts_kept;
    let due = work.find(sql!("next_due"), [], |row| {
        let receipt = instant(row, "receipt")?.map(|ended_at| ended_at.plus(kept));
        Ok([instant(row, "secret")?, instant(row, "claim")?, receipt, instant(row, "creation")?])
    })?;
    Ok(due.into_iter().flatten().flatten().min())
}

fn instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// Deletes some of the secrets that have expired, and what is beside them.
fn purge_secrets(work: &mut Work<'_>) -> rusqlite::Result<usize> {
    let mut expired = Vec::new();
    {
        let mut delete = work.connection.prepare_cached(sql!("purge_secrets"))?;
        let (now, end) = (work.settled.as_millis(), end_of_expired(work.settled));
        let mut rows = delete.query(params![now, PURGE_ROWS, PURGE_BYTES, end])?;
        while let Some(row) = rows.next()? {
            let id = LookupId::from_bytes(bytes(row, "lookup_id"));
            expired.push((id, flags(row)));
            work.tally.goes(row.get("id")?, State::Expired);
        }
    }
    // Their receipts say by themselves that they have expired.
    for (id, flags) in &expired {
        work.unguard(id, *flags)?;
    }
    Ok(expired.len())
}
