//! The [`Writer`]: runs transactions, knows whether the last one failed, and erases.
//!
//! A failed commit can leave pages in the write-ahead log. This process ignores them, but a recovery after
//! a crash could accept them. So nothing runs until a small write has committed: it overwrites the first of
//! them, and then the checksums of the others no longer match. A small write also comes first after the
//! start: a killed process can have left pages in the log that are not durable yet. Nothing runs while the
//! files are not those that SQLite has open.

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

/// How often to erase while sealed rows are left to purge.
const ERASE_INTERVAL: Duration = Duration::from_millis(250);
/// How often to log that creations are refused, at most.
const REFUSAL_LOG_INTERVAL: Duration = Duration::from_mins(1);

/// An open database, until it is closed, and its state.
pub(super) struct Writer {
    database: Option<Database>,
    rules: Rules,
    clock: Clock,
    last: LastTransaction,
    /// When the files were last erased, and the error of the last purge or erase, if it failed.
    erased_at: Instant,
    unclean: Option<StoreError>,
    /// When a refused creation was last logged.
    refusal_logged_at: Option<Instant>,
    /// Whether the last purge left rows that have been due for half of the time to erase them.
    is_behind: bool,
    /// Secrets stored since the last purge.
    stored: u64,
    pub(super) metrics: Arc<StoreMetrics>,
    pub(super) health: Arc<Health>,
    /// The last place up to which secrets are counted.
    counted_to: i64,
}

/// The outcome of the last transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LastTransaction {
    /// No transaction yet.
    None,
    /// It committed.
    Committed,
    /// It failed, and the failure is logged.
    Failed,
}

/// A reader of the log prevented a checkpoint.
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
            last: LastTransaction::None,
            erased_at: Instant::now(),
            unclean: None,
            refusal_logged_at: None,
            is_behind: false,
            stored: 0,
            health: Arc::default(),
            counted_to: NOWHERE,
        }
    }

    /// Runs `work` in a transaction, and returns its outcome after the commit. Unless the last
    /// transaction committed, a small write must commit first. Records the outcome in health, log and
    /// metrics.
    pub(super) fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let Some(database) = &mut self.database else { return Err(StoreError::Closing) };
        let (mut tally, mut full) = (Tally::new(self.counted_to), None);
        let outcome = database.files.verify().map_err(StoreError::from).and_then(|()| {
            let Database { connection, files, .. } = database;
            let reading = self.clock.read();
            if self.last != LastTransaction::Committed {
                let probed = commit(connection, &self.metrics.commits, |it| probe(it, reading.now));
                files.note();
                probed.map_err(StoreError::not_run)?;
            }
            let committed = commit(connection, &self.metrics.commits, |connection| {
                let mut transaction =
                    Transaction::new(connection, files, &self.rules, reading, tally);
                transaction.is_behind = self.is_behind;
                let outcome = work(&mut transaction);
                (tally, full) = (transaction.tally, transaction.full);
                outcome
            });
            files.note();
            committed
        });
        if outcome.is_ok() {
            self.stored = self.stored.saturating_add(tally.stored());
        }
        self.counted_to = tally.report(&self.metrics, outcome.is_ok()).unwrap_or(self.counted_to);
        self.note(outcome.as_ref().map(drop), full);
        outcome
    }

    /// Records the outcome of a transaction in health, log and metrics.
    fn note(&mut self, outcome: Result<(), &StoreError>, full: Option<Full>) {
        self.measure();
        match (outcome, self.last) {
            (Ok(()), LastTransaction::Failed) => log::info!("the store commits again"),
            (Err(error), LastTransaction::None | LastTransaction::Committed) => {
                log::error!("the store accepts nothing until a write succeeds: {}", Chain(error));
            }
            _ => {}
        }
        self.metrics.failed.inc_by(outcome.is_err().into());
        self.last = match outcome {
            Ok(()) => LastTransaction::Committed,
            Err(_) => LastTransaction::Failed,
        };
        self.health.note(outcome.map_err(StoreError::clone).and(self.is_clean()));
        if let Some(full) = full
            && self.refusal_logged_at.is_none_or(|at| at.elapsed() >= REFUSAL_LOG_INTERVAL)
        {
            log::warn!("creations are refused: {}", Chain(&full));
            self.refusal_logged_at = Some(Instant::now());
        }
    }

    /// The outcome of the last purge or erase.
    fn is_clean(&self) -> Result<(), StoreError> {
        self.unclean.clone().map_or(Ok(()), Err)
    }

    /// Records the lengths of the files in the metrics.
    fn measure(&self) {
        if let Some(Database { files, .. }) = &self.database {
            self.metrics.database_bytes.set(files.database_bytes().cast_signed());
            self.metrics.log_bytes.set(files.log_bytes().cast_signed());
        }
    }

    /// Deletes a portion of the ended rows. Erases after the last portion of secrets, or every
    /// [`ERASE_INTERVAL`] before. A failed deletion does not prevent erasing.
    pub(super) fn purge(&mut self) -> Result<Purged, StoreError> {
        let stored = std::mem::take(&mut self.stored);
        let portion = self.transact(|transaction| transaction.purge(stored));
        // Receipts and creations have no shred keys, so erasing does not wait for them. While sealed
        // rows are left, erase at intervals, so that viewed and burned secrets do not wait for the whole
        // purge.
        let is_sealed_left = portion.as_ref().is_ok_and(|portion| portion.is_sealed_left);
        let is_due = !is_sealed_left || self.erased_at.elapsed() >= ERASE_INTERVAL;
        let erased = if is_due { self.erase() } else { Ok(()) };
        match &portion {
            Ok(portion) => self.metrics.purged_until(portion.left_until.map(Timestamp::as_millis)),
            Err(error) => self.unclean = Some(error.clone()),
        }
        // Receipts and creations that wait hold no keys.
        let is_left = portion.as_ref().map_or(true, |portion| portion.is_sealed_left);
        let lag = self.metrics.purge_lag(self.clock.read().settled);
        self.is_behind = is_left && lag > self.rules.erase_within / 2;
        let purged = erased.and(portion.map(|portion| portion.purged));
        self.health.note(purged.as_ref().map(drop).map_err(StoreError::clone));
        purged
    }

    /// The pending receipt that `watch` waits for, if there is one.
    pub(super) fn awaited(&self, watch: &Watch) -> Result<Option<ReceiptId>, StoreError> {
        let Database { connection, files, .. } =
            self.database.as_ref().ok_or(StoreError::Closing)?;
        let (reading, tally) = (self.clock.read(), Tally::new(self.counted_to));
        let transaction = Transaction::new(connection, files, &self.rules, reading, tally);
        transaction.pending(&watch.0).map_err(failed)
    }

    /// Checks that the store can read (and write, if its last transaction failed), and that its last
    /// purge and erase succeeded.
    pub(super) fn check(&mut self) -> Result<(), StoreError> {
        self.transact(|transaction| transaction.probe_read())?;
        self.is_clean()
    }

    /// Erases the traces of all deleted rows from the files.
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

    /// Erases, then closes the database. A failed erase leaves the log for the next start.
    pub(super) fn close(&mut self) -> Result<(), StoreError> {
        let erased = self.erase();
        match self.database.take() {
            Some(database) if erased.is_ok() => database.close().map_err(failed),
            _ => erased,
        }
    }
}
