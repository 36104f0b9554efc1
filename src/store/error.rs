//! Why a store did not do what it was asked, and whether something was done all the same.

use std::error::Error;
use std::sync::Arc;

/// What a backend said of its failure.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue is full. Nothing was done.
    #[error("the store's queue is full")]
    Busy,
    /// There is no room on the disk, or none for creations. Nothing was done.
    #[error("the store has no room")]
    NoRoom(#[source] Cause),
    /// It failed. Nothing was done.
    #[error("the store failed")]
    Failed(#[source] Cause),
    /// It failed while it committed: what was asked may be done, or not.
    #[error("the outcome of a commit is unknown")]
    OutcomeUnknown(#[source] Cause),
    /// It has ended: what was asked may be done, or not.
    #[error("the store has ended")]
    Ended,
    /// It is closing, or was closed before. Nothing was done.
    #[error("the store is closing")]
    Closing,
    /// It does not answer in time.
    #[error("the store does not answer")]
    Silent,
}

impl StoreError {
    /// The error of a command that did not run because the write before it failed.
    pub fn not_run(self) -> Self {
        match self {
            Self::OutcomeUnknown(cause) => Self::Failed(cause),
            known => known,
        }
    }
}
