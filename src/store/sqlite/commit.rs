//! A transaction, committed as a whole or not at all, and what it means that it failed.

use std::sync::Arc;

use prometheus::Histogram;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::files::Altered;
use super::statements::Fault;
use crate::store::StoreError;

/// Runs `work` between BEGIN and a COMMIT that is seen to succeed; `times` is told how long that took.
pub(super) fn commit<T>(
    connection: &mut Connection,
    times: &Histogram,
    work: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, StoreError> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let outcome = work(&transaction).map_err(|fault| match fault {
        Fault::Refused(error) => error,
        Fault::Broken(error) => failed(error),
    })?;
    let committed = times.observe_closure_duration(|| transaction.commit());
    committed.map_err(|error| match failed(error) {
        StoreError::Failed(cause) => StoreError::OutcomeUnknown(cause),
        no_room => no_room,
    })?;
    Ok(outcome)
}

/// The error of work that never ran, because the write that was to precede it failed.
pub(super) fn not_run(error: StoreError) -> StoreError {
    match error {
        StoreError::OutcomeUnknown(cause) => StoreError::Failed(cause),
        known => known,
    }
}

/// The error of something that was not done. A commit that finds no room has not written its last
/// frame, so it was not done either.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::NoRoom(Arc::new(error)),
        _ => StoreError::Failed(Arc::new(error)),
    }
}

impl From<Altered> for StoreError {
    fn from(altered: Altered) -> Self {
        Self::Failed(Arc::new(altered))
    }
}
