//! The messages that wait for their transaction, of whatever kind they are.

use super::commit::not_run;
use super::statements::{Fault, LIGHT_BYTES, Statement, Work};
use crate::call::Call;
use crate::store::StoreError;

/// A message that waits for its batch, of whatever kind.
pub(super) trait Pending: Send {
    fn is_abandoned(&self) -> bool;
    /// Runs it, unless it is one that a laden transaction puts off.
    fn run(&mut self, work: &mut Work<'_>) -> rusqlite::Result<()>;
    fn has_run(&self) -> bool;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A call, and what it will be answered if the batch commits.
pub(super) struct Entry<M: Statement> {
    call: Call<M>,
    outcome: Option<Result<M::Outcome, StoreError>>,
}

impl<M: Statement> Entry<M> {
    /// A call that has not run yet.
    pub(super) fn new(call: Call<M>) -> Self {
        Self { call, outcome: None }
    }
}

impl<M: Statement> Pending for Entry<M> {
    fn is_abandoned(&self) -> bool {
        self.call.is_abandoned()
    }

    fn run(&mut self, work: &mut Work<'_>) -> rusqlite::Result<()> {
        let message = self.call.message();
        if work.is_laden() && message.weight(work)? > LIGHT_BYTES {
            return Ok(());
        }
        self.outcome = Some(match message.run(work) {
            Ok(outcome) => Ok(outcome),
            Err(Fault::Refused(error)) => Err(error),
            Err(Fault::Broken(error)) => return Err(error),
        });
        Ok(())
    }

    fn has_run(&self) -> bool {
        self.outcome.is_some()
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        self.call.answer(match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(StoreError::Ended),
            // What was refused was not done, whatever became of the others.
            (Err(_), Some(Err(refused))) => Err(refused),
            (Err(error), Some(Ok(_))) => Err(error),
            (Err(error), None) => Err(not_run(error)),
        });
    }
}
