//! The [`Writer`]: does one transaction after another, knows whether the last one failed, and erases.
//!
//! After a failed commit nothing runs until a small write has committed, because frames of the failed
//! one could come back after a crash; that write covers them. So it is at the start, because what a
//! killed process has left in the log may be read, but need not be durable; that write makes it so.
//! And nothing runs while the files are not those that SQLite has open, for it would go on with them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::database::Database;
use super::quota::Full;
use super::tally::{NOWHERE, Tally};
use super::transaction::{Transaction, checkpoint, commit, failed, probe};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::id::ReceiptId;
use crate::metrics::StoreMetrics;
use crate::runtime::chain::Chain;
use crate::store::{Health, Purged, Rules, StoreError, Watch};

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
    pub(super) metrics: Arc<StoreMetrics>,
    pub(super) health: Arc<Health>,
    /// The last place up to which secrets are counted.
    counted_to: i64,
}

/// What is known of the last transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// There was none yet.
    Untested,
    /// It committed.
    Good,
    /// It failed, and the log says so.
    Suspect,
}

/// A checkpoint that something still reading the log prevented.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the write-ahead log could not be emptied: it is busy")]
struct CheckpointBusy;

impl Writer {
    pub(super) fn new(database: Database, rules: Rules, clock: Clock) -> Self {
        Self {
            database: Some(database),
            rules,
            metrics: Arc::new(StoreMetrics::new(clock.clone())),
            clock,
            standing: Standing::Untested,
            erased_at: Instant::now(),
            unclean: None,
            told_at: None,
            health: Arc::default(),
            counted_to: NOWHERE,
        }
    }

    /// Does `work` in a transaction of its own, and returns its outcome when that has committed. Unless
    /// the last one is known to have committed, a small write has to commit before. Health, log and
    /// metrics are told how it ended.
    pub(super) fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let Some(database) = &mut self.database else { return Err(StoreError::Closing) };
        let (mut tally, mut full) = (Tally::new(self.counted_to), None);
        let outcome = database.files.verify().map_err(StoreError::from).and_then(|()| {
            let Database { connection, files, .. } = database;
            let look = self.clock.read();
            if self.standing != Standing::Good {
                let probed = commit(connection, &self.metrics.commits, |it| probe(it, look.now));
                files.note();
                probed.map_err(StoreError::not_run)?;
            }
            let committed = commit(connection, &self.metrics.commits, |connection| {
                let mut transaction = Transaction::new(connection, files, &self.rules, look, tally);
                let outcome = work(&mut transaction);
                (tally, full) = (transaction.tally, transaction.full);
                outcome
            });
            files.note();
            committed
        });
        self.counted_to = tally.tell(&self.metrics, outcome.is_ok()).unwrap_or(self.counted_to);
        self.note(outcome.as_ref().map(drop), full);
        outcome
    }

    /// Tells health, log and metrics how a transaction ended.
    fn note(&mut self, outcome: Result<(), &StoreError>, full: Option<Full>) {
        self.measure();
        match (outcome, self.standing) {
            (Ok(()), Standing::Suspect) => log::info!("the store commits again"),
            (Err(error), Standing::Untested | Standing::Good) => {
                log::error!("until a write succeeds, nothing is accepted: {}", Chain(error));
            }
            _ => {}
        }
        self.metrics.failed.inc_by(outcome.is_err().into());
        self.standing = if outcome.is_ok() { Standing::Good } else { Standing::Suspect };
        self.health.note(outcome.map_err(StoreError::clone).and(self.is_clean()));
        if let Some(full) = full
            && self.told_at.is_none_or(|told_at| told_at.elapsed() >= TELL_EVERY)
        {
            log::warn!("creations are refused: {}", Chain(&full));
            self.told_at = Some(Instant::now());
        }
    }

    /// Whether the files were cleaned when that was last tried.
    fn is_clean(&self) -> Result<(), StoreError> {
        self.unclean.clone().map_or(Ok(()), Err)
    }

    /// Tells the metrics how long the files are.
    fn measure(&self) {
        if let Some(Database { files, .. }) = &self.database {
            self.metrics.database_bytes.set(files.database_bytes().cast_signed());
            self.metrics.log_bytes.set(files.log_bytes().cast_signed());
        }
    }

    /// Deletes some of what has ended, and erases if that was the last of it, or after a while. That it
    /// cannot delete does not keep it from erasing.
    pub(super) fn purge(&mut self) -> Result<Purged, StoreError> {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "as a path it has one lifetime"
        )]
        let portion = self.transact(|transaction| transaction.purge());
        // Receipts and creations, however many are left, hold nothing that has to be erased. And where
        // much sealed is left, what others have ended does not wait for all of it.
        let is_sealed_left = portion.as_ref().is_ok_and(|portion| portion.is_sealed_left);
        let is_due = !is_sealed_left || self.erased_at.elapsed() >= ERASE_EVERY;
        let erased = if is_due { self.erase() } else { Ok(()) };
        match &portion {
            Ok(portion) => self.metrics.purged_until(portion.left_until.map(Timestamp::as_millis)),
            Err(error) => self.unclean = Some(error.clone()),
        }
        let purged = erased.and(portion.map(|portion| portion.purged));
        self.health.note(purged.as_ref().map(drop).map_err(StoreError::clone));
        purged
    }

    /// The receipt that `watch` has to wait for, if there is something to wait for.
    pub(super) fn awaited(&self, watch: &Watch) -> Result<Option<ReceiptId>, StoreError> {
        let Database { connection, files, .. } =
            self.database.as_ref().ok_or(StoreError::Closing)?;
        let (look, tally) = (self.clock.read(), Tally::new(self.counted_to));
        let transaction = Transaction::new(connection, files, &self.rules, look, tally);
        transaction.pending(&watch.0).map_err(failed)
    }

    /// Whether the store does its work: it can read, and write if its last write failed, and could
    /// clean its files when it last tried.
    pub(super) fn check(&mut self) -> Result<(), StoreError> {
        self.transact(|transaction| transaction.look())?;
        self.is_clean()
    }

    /// Erases from the files what is left of all that was deleted.
    fn erase(&mut self) -> Result<(), StoreError> {
        let Database { connection, files, .. } =
            self.database.as_mut().ok_or(StoreError::Closing)?;
        files.verify_movable()?;
        let erased = match checkpoint(connection) {
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
