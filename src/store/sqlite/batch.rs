//! The messages that wait for their transaction, of whatever kind they are.

use super::failed;
use super::statements::{Statement, Work};
use crate::call::Call;
use crate::store::StoreError;

/// A message that waits for its batch, of whatever kind.
pub(super) trait Pending: Send {
    fn is_abandoned(&self) -> bool;
    fn run(&mut self, work: &mut Work<'_>) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A call, and what it will be answered if the batch commits.
pub(super) struct Entry<M: Statement> {
    call: Call<M>,
    outcome: Result<M::Outcome, StoreError>,
}

impl<M: Statement> Entry<M> {
    /// A call that has not run yet.
    pub(super) fn new(call: Call<M>) -> Self {
        Self { call, outcome: Err(StoreError::Ended) }
    }
}

impl<M: Statement> Pending for Entry<M> {
    fn is_abandoned(&self) -> bool {
        self.call.is_abandoned()
    }

    fn run(&mut self, work: &mut Work<'_>) -> rusqlite::Result<()> {
        self.outcome = match self.call.message().run(work) {
            Err(error @ rusqlite::Error::StatementChangedRows(_)) => Err(failed(error)),
            outcome => Ok(outcome?),
        };
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        self.call.answer(committed.and(self.outcome));
    }
}
