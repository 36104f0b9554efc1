//! What a receipt tells, and what its owner may do.

use rusqlite::{Row, params};

use super::take::{destroy, weight};
use super::{Fault, Statement, Work, bytes, first, sql, timestamp};
use crate::id::{LookupId, ReceiptId};
use crate::store::{Fate, Inspect, Revoke, State};

impl Statement for Inspect {
    type Outcome = Option<Fate>;

    fn run(&self, work: &mut Work<'_>) -> Result<Self::Outcome, Fault> {
        Ok(find(work, &self.candidates)?.map(|receipt| receipt.fate))
    }
}

impl Statement for Revoke {
    type Outcome = Option<Fate>;

    fn run(&self, work: &mut Work<'_>) -> Result<Self::Outcome, Fault> {
        let Some(Receipt { lookup_id, fate, .. }) = find(work, &self.candidates)? else {
            return Ok(None);
        };
        let is_burned = destroy(work, &lookup_id, State::Burned)?;
        let burned = Fate { state: State::Burned, ended_at: Some(work.now), ..fate };
        Ok(Some(if is_burned { burned } else { fate }))
    }

    fn weight(&self, work: &Work<'_>) -> rusqlite::Result<usize> {
        let receipt = find(work, &self.candidates)?;
        receipt.map_or(Ok(0), |receipt| weight(work, &[receipt.lookup_id]))
    }
}

/// A receipt that is kept.
struct Receipt {
    id: ReceiptId,
    lookup_id: LookupId,
    fate: Fate,
}

/// The id of the receipt whose secret may still end otherwise than by its expiry.
pub(in super::super) fn pending(
    work: &Work<'_>,
    candidates: &[ReceiptId],
) -> rusqlite::Result<Option<ReceiptId>> {
    let receipt = find(work, candidates)?;
    Ok(receipt.filter(|receipt| receipt.fate.state == State::Pending).map(|receipt| receipt.id))
}

fn find(work: &Work<'_>, candidates: &[ReceiptId]) -> rusqlite::Result<Option<Receipt>> {
    let kept_since = work.now.minus(work.rules.receipts_kept).as_millis();
    first(candidates, |id| {
        work.find(sql!("inspect"), params![id.as_bytes(), kept_since], |row| {
            receipt(work, *id, row)
        })
    })
}

fn receipt(work: &Work<'_>, id: ReceiptId, row: &Row<'_>) -> rusqlite::Result<Receipt> {
    let name: String = row.get("state")?;
    let written = State::from_name(&name).unwrap_or(State::Pending);
    let ended_at = timestamp(row, "ended_at")?;
    let has_ended = ended_at <= work.now || written != State::Pending;
    let state = if written == State::Pending && has_ended { State::Expired } else { written };
    Ok(Receipt {
        id,
        lookup_id: LookupId::from_bytes(bytes(row, "lookup_id")),
        fate: Fate {
            state,
            created_at: timestamp(row, "created_at")?,
            expires_at: timestamp(row, "expires_at")?,
            ended_at: has_ended.then_some(ended_at),
        },
    })
}
