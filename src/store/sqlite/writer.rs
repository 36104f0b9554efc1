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
use super::room::Full;
use super::statements::{self, Fault, Work};
use super::tally::{NOWHERE, Tally};
use crate::chain::Chain;
use crate::clock::{Clock, Timestamp};
use crate::id::ReceiptId;
use crate::metrics::StoreMetrics;
use crate::store::{Purged, Rules, StoreError, Watch};

/// How often the files are cleaned while there is more to purge than one purge takes.
const ERASE_EVERY: Duration = Duration::from_millis(250);
/// How often it is told that creations are refused.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// An open database, until it is closed, and how it fares.
pub(super) struct Writer {
    database: Option<Database>,
    rules: Rules,
    clock: Clock,
    standing: Standing,
    /// When the files were last clean, and why nothing was purged or erased since, if that was tried.
    erased_at: Instant,
    unclean: Option<StoreError>,
    /// When it was told last that creations are refused.
    told_at: Option<Instant>,
    metrics: Arc<StoreMetrics>,
    /// The last place where the survey has been.
    surveyed: i64,
}

/// What is known of the last transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nothing good: there was none yet, or a purge failed, which is told by who asked for it.
    Unproven,
    /// It committed.
    Good,
    /// It failed, and that was told.
    Suspect,
}

/// A checkpoint that something still reading the log prevented.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the write-ahead log could not be emptied: it is busy")]
struct CheckpointBusy;

impl Writer {
    pub(super) fn new(database: Database, rules: Rules, clock: Clock) -> Self {
        let (database, erased_at) = (Some(database), Instant::now());
        let metrics = Arc::new(StoreMetrics::new(clock.clone()));
        Self {
            database,
            rules,
            clock,
            standing: Standing::Unproven,
            erased_at,
            unclean: None,
            told_at: None,
            metrics,
            surveyed: NOWHERE,
        }
    }

    /// What it counts.
    pub(super) fn metrics(&self) -> Arc<StoreMetrics> {
        Arc::clone(&self.metrics)
    }

    /// Does `task` in a transaction of its own, and tells the log when that begins to fail.
    pub(super) fn transact<T>(
        &mut self,
        task: impl FnOnce(&mut Work<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let outcome = self.attempt(task);
        if let Err(error) = &outcome
            && mem::replace(&mut self.standing, Standing::Suspect) != Standing::Suspect
        {
            log::error!("until a write succeeds, nothing is accepted: {}", Chain(error));
        }
        outcome
    }

    /// Does `task` in a transaction of its own.
    fn attempt<T>(
        &mut self,
        task: impl FnOnce(&mut Work<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let outcome = self.attempt_after_probe(task);
        self.measure();
        if !matches!(outcome, Ok(_) | Err(StoreError::Closing)) {
            self.metrics.failed.inc();
        }
        match (&outcome, self.standing) {
            (Ok(_), Standing::Suspect) => log::info!("the store commits again"),
            (Err(_), Standing::Suspect) => return outcome,
            _ => {}
        }
        self.standing = if outcome.is_ok() { Standing::Good } else { Standing::Unproven };
        outcome
    }

    /// Does `task` in a transaction of its own. Unless the last one is known to have committed, a small
    /// write has to commit before.
    fn attempt_after_probe<T>(
        &mut self,
        task: impl FnOnce(&mut Work<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let Database { connection, files, .. } =
            self.database.as_mut().ok_or(StoreError::Closing)?;
        let look = self.clock.look();
        files.verify()?;
        if self.standing != Standing::Good {
            let probe = |connection: &_| Ok(statements::probe(connection, look.now)?);
            let probed = commit(connection, &self.metrics.commits, probe);
            files.note();
            probed.map_err(not_run)?;
        }
        let mut full = None;
        let mut tally = Tally::new(self.surveyed);
        let outcome = commit(connection, &self.metrics.commits, |connection| {
            let mut work = Work::new(connection, files, &self.rules, look);
            work.tally = tally;
            let outcome = task(&mut work);
            (full, tally) = (work.full, work.tally);
            outcome
        });
        files.note();
        self.surveyed = tally.tell(&self.metrics, outcome.is_ok()).unwrap_or(self.surveyed);
        if let Some(full) = full {
            self.tell(full);
        }
        outcome
    }

    /// Tells the metrics how long the files are.
    fn measure(&self) {
        if let Some(Database { files, .. }) = &self.database {
            self.metrics.database_bytes.set(files.database_bytes().cast_signed());
            self.metrics.log_bytes.set(files.log_bytes().cast_signed());
        }
    }

    /// Tells the log, not too often, that creations are refused.
    fn tell(&mut self, full: Full) {
        if self.told_at.is_none_or(|told_at| told_at.elapsed() >= TELL_EVERY) {
            log::warn!("creations are refused: {}", Chain(&full));
            self.told_at = Some(Instant::now());
        }
    }

    /// Deletes some of what has ended, and erases if that was the last of it, or after a while. That it
    /// cannot delete does not keep it from erasing.
    pub(super) fn purge(&mut self) -> Result<Purged, StoreError> {
        let portion = self.attempt(|work| Ok(statements::purge(work)?));
        // Receipts and creations, however many are left, hold nothing that has to be erased. And where
        // much sealed is left, what others have ended does not wait for all of it.
        let is_sealed_left = portion.as_ref().is_ok_and(|portion| portion.is_sealed_left);
        let is_due = !is_sealed_left || self.erased_at.elapsed() >= ERASE_EVERY;
        let erased = if is_due { self.erase() } else { Ok(()) };
        match &portion {
            Ok(portion) => self.metrics.purged_until(portion.left_until.map(Timestamp::as_millis)),
            Err(error) => self.unclean = Some(error.clone()),
        }
        erased.and(portion.map(|portion| portion.purged))
    }

    /// The receipt that `watch` has to wait for, if there is something to wait for.
    pub(super) fn awaited(&self, watch: &Watch) -> Result<Option<ReceiptId>, StoreError> {
        let Database { connection, files, .. } =
            self.database.as_ref().ok_or(StoreError::Closing)?;
        let look = self.clock.look();
        let work = Work::new(connection, files, &self.rules, look);
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
        files.verify_movable()?;
        let erased = match statements::checkpoint(connection) {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::Failed(Arc::new(CheckpointBusy))),
            Err(error) => Err(failed(error)),
        };
        if erased.is_ok() {
            files.note_emptied();
            self.erased_at = Instant::now();
        } else {
            files.note();
        }
        self.measure();
        self.unclean = erased.as_ref().err().cloned();
        erased
    }

    /// Erases, and closes it.
    pub(super) fn close(&mut self) -> Result<(), StoreError> {
        let erased = self.erase();
        match self.database.take() {
            Some(database) if erased.is_ok() => database.close().map_err(failed),
            _ => erased,
        }
    }
}
