//! The messages that wait for their transaction, of whatever kind they are.

use rusqlite::{Connection, ErrorCode};

use super::failed;
use super::statements::Statement;
use crate::call::Call;
use crate::clock::Timestamp;
use crate::store::StoreError;

/// A message that waits for its batch, of whatever kind.
pub(super) trait Pending: Send {
    fn is_abandoned(&self) -> bool;
    fn run(&mut self, connection: &Connection, now: Timestamp) -> rusqlite::Result<()>;
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

    fn run(&mut self, connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
        self.outcome = match self.call.message().run(connection, now) {
            Err(error) if is_constraint(&error) => Err(failed(error)),
            outcome => Ok(outcome?),
        };
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        self.call.answer(committed.and(self.outcome));
    }
}

fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}
