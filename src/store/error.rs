//! The errors of a store, which tell whether the work may be done nevertheless.

use std::error::Error;
use std::sync::Arc;

/// The backend's own error.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a store failed or refused a message.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue is full, or purges are behind. Nothing was done.
    #[error("the store is too busy")]
    Busy,
    /// The disk is full, or a quota for creations is used up. Nothing was done.
    #[error("the store is out of space")]
    NoRoom(#[source] Cause),
    /// The backend failed. Nothing was done.
    #[error("the store failed")]
    Failed(#[source] Cause),
    /// The commit failed: the work may or may not be done.
    #[error("the outcome of a commit is unknown")]
    OutcomeUnknown(#[source] Cause),
    /// The store stopped before it answered: the work may or may not be done.
    #[error("the store stopped")]
    Ended,
    /// The store is closing or closed. Nothing was done.
    #[error("the store is closing")]
    Closing,
    /// The store did not answer a health check in time.
    #[error("the store did not answer in time")]
    Silent,
}

impl StoreError {
    /// Turns the error of an earlier write into that of a command that did not run because of it:
    /// `OutcomeUnknown` becomes `Failed`, since nothing was done for this command.
    pub fn not_run(self) -> Self {
        match self {
            Self::OutcomeUnknown(cause) => Self::Failed(cause),
            known => known,
        }
    }
}
