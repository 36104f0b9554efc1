//! The [`Writer`]: does one transaction after another, knows whether the last one failed, and erases.
//!
//! After a failed commit nothing runs until a small write has committed, because frames of the failed
//! one could come back after a crash; that write covers them. So it is at the start, because what a
//! killed process has left in the log may be read, but need not be durable; that write makes it so.
//! And nothing runs while the files are not those that SQLite has open, for it would go on with them.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::commit::{commit, failed, not_run};
use super::database::Database;
use super::statements::{self, Fault, Work};
use crate::chain::Chain;
use crate::clock::Clock;
use crate::id::ReceiptId;
use crate::store::{Purged, Rules, StoreError, Watch};

/// How often the files are cleaned while there is more to purge than one purge takes.
const ERASE_EVERY: Duration = Duration::from_millis(250);

/// An open database, until it is closed, and how it fares.
pub(super) struct Writer {
    database: Option<Database>,
    rules: Rules,
    clock: Clock,
    standing: Standing,
    /// When the files were last clean, and why nothing was purged or erased since, if that was tried.
    erased_at: Instant,
    unclean: Option<StoreError>,
}

/// What is known of the last transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// There was none yet.
    New,
    /// It committed.
    Good,
    /// It failed.
    Suspect,
}

/// A checkpoint that something still reading the log prevented.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the write-ahead log could not be emptied: it is busy")]
struct CheckpointBusy;

impl Writer {
    pub(super) fn new(database: Database, rules: Rules, clock: Clock) -> Self {
        let (database, erased_at) = (Some(database), Instant::now());
        Self { database, rules, clock, standing: Standing::New, erased_at, unclean: None }
    }

    /// Does `task` in a transaction of its own, and tells the log when that begins to fail and when it
    /// works again.
    pub(super) fn transact<T>(
        &mut self,
        task: impl FnOnce(&mut Work<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let outcome = self.attempt(task);
        let now = if outcome.is_ok() { Standing::Good } else { Standing::Suspect };
        let before = mem::replace(&mut self.standing, now);
        match &outcome {
            Ok(_) if before == Standing::Suspect => log::info!("the store commits again"),
            Err(error) if before != Standing::Suspect => {
                log::error!("until a write succeeds, nothing is accepted: {}", Chain(error));
            }
            _ => {}
        }
        outcome
    }

    /// Does `task` in a transaction of its own. At first and after a failure, a small write has to
    /// commit before it.
    fn attempt<T>(
        &mut self,
        task: impl FnOnce(&mut Work<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let Database { connection, files, .. } =
            self.database.as_mut().ok_or(StoreError::Closing)?;
        let (rules, now) = (&self.rules, self.clock.now());
        files.verify()?;
        if self.standing != Standing::Good {
            let probed = commit(connection, |connection| Ok(statements::probe(connection, now)?));
            files.note();
            probed.map_err(not_run)?;
        }
        let outcome =
            commit(connection, |connection| task(&mut Work::new(connection, files, rules, now)));
        files.note();
        outcome
    }

    /// Deletes some of what has ended, and erases if that was the last of it, or after a while.
    pub(super) fn purge(&mut self) -> Result<Purged, StoreError> {
        let settled = self.clock.settled();
        let portion = self.transact(|work| {
            work.now = settled;
            Ok(statements::purge(work)?)
        });
        if let Err(error) = &portion {
            self.unclean = Some(error.clone());
        }
        let portion = portion?;
        // Receipts and creations, however many are left, hold nothing that has to be erased. And where
        // much sealed is left, what others have ended does not wait for all of it.
        if !portion.is_sealed_left || self.erased_at.elapsed() >= ERASE_EVERY {
            self.erase()?;
        }
        Ok(portion.purged)
    }

    /// The receipt that `watch` has to wait for, if there is something to wait for.
    pub(super) fn awaited(&self, watch: &Watch) -> Result<Option<ReceiptId>, StoreError> {
        let Database { connection, files, .. } =
            self.database.as_ref().ok_or(StoreError::Closing)?;
        let work = Work::new(connection, files, &self.rules, self.clock.now());
        statements::pending(&work, &watch.candidates).map_err(failed)
    }

    /// Whether the store does its work: it can read, and write if its last write failed, and could
    /// clean its files when it last tried.
    pub(super) fn pong(&mut self) -> Result<(), StoreError> {
        self.transact(|work| Ok(statements::look(work.connection)?))?;
        self.unclean.clone().map_or(Ok(()), Err)
    }

    /// Erases from the files what is left of all that was deleted.
    fn erase(&mut self) -> Result<(), StoreError> {
        let Database { connection, files, .. } =
            self.database.as_mut().ok_or(StoreError::Closing)?;
        files.verify()?;
        let is_done = statements::checkpoint(connection).map_err(failed);
        files.note();
        let busy = || Err(StoreError::Failed(Arc::new(CheckpointBusy)));
        let erased = is_done.and_then(|is_done| if is_done { Ok(()) } else { busy() });
        self.unclean = erased.as_ref().err().cloned();
        if erased.is_ok() {
            self.erased_at = Instant::now();
        }
        erased
    }

    /// Erases, and closes it.
    pub(super) fn close(&mut self) -> Result<(), StoreError> {
        let erased = self.erase();
        if let Some(database) = self.database.take() {
            database.close(erased.is_ok()).map_err(failed)?;
        }
        erased
    }
}
