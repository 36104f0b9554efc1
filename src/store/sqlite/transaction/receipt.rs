//! Reading receipts, and revoking secrets by them.

use rusqlite::{Row, params};

use super::{Transaction, bytes, first, sql, timestamp};
use crate::domain::id::{LookupId, ReceiptId};
use crate::store::{Inspect, ReceiptStatus, Revoke, State};

/// A stored receipt.
pub(super) struct Receipt {
    id: ReceiptId,
    pub(super) lookup_id: LookupId,
    status: ReceiptStatus,
}

impl Transaction<'_> {
    pub(super) fn inspect(&self, inspect: &Inspect) -> rusqlite::Result<Option<ReceiptStatus>> {
        Ok(self.find_receipt(&inspect.0)?.map(|receipt| receipt.status))
    }

    pub(super) fn revoke(&mut self, revoke: &Revoke) -> rusqlite::Result<Option<ReceiptStatus>> {
        let Some(Receipt { lookup_id, status, .. }) = self.find_receipt(&revoke.0)? else {
            return Ok(None);
        };
        let is_burned = self.destroy(&lookup_id, State::Burned)?;
        let burned = ReceiptStatus { state: State::Burned, ended_at: Some(self.now), ..status };
        Ok(Some(if is_burned { burned } else { status }))
    }

    /// The id of the receipt among these that is pending, if there is one.
    pub(in super::super) fn pending(
        &self,
        candidates: &[ReceiptId],
    ) -> rusqlite::Result<Option<ReceiptId>> {
        let receipt = self.find_receipt(candidates)?;
        let pending = receipt.filter(|receipt| receipt.status.state == State::Pending);
        Ok(pending.map(|receipt| receipt.id))
    }

    pub(super) fn find_receipt(
        &self,
        candidates: &[ReceiptId],
    ) -> rusqlite::Result<Option<Receipt>> {
        let kept_since = self.now.minus(self.rules.receipts_kept).as_millis();
        first(candidates, |id| {
            self.find(sql!("inspect"), params![id.as_bytes(), kept_since], |row| {
                self.receipt(*id, row)
            })
        })
    }

    fn receipt(&self, id: ReceiptId, row: &Row<'_>) -> rusqlite::Result<Receipt> {
        let name: String = row.get("state")?;
        let written = State::from_name(&name).unwrap_or(State::Pending);
        let ended_at = timestamp(row, "ended_at")?;
        let has_ended = ended_at <= self.now || written != State::Pending;
        let state = if written == State::Pending && has_ended { State::Expired } else { written };
        Ok(Receipt {
            id,
            lookup_id: LookupId::from_bytes(bytes(row, "lookup_id")),
            status: ReceiptStatus {
                state,
                created_at: timestamp(row, "created_at")?,
                expires_at: timestamp(row, "expires_at")?,
                ended_at: has_ended.then_some(ended_at),
            },
        })
    }
}
