//! The [`StoreActor`]: SQLite behind the messages of [`crate::store`], on a thread of its own.
//!
//! What has gathered in the mailbox becomes one transaction, and nobody is answered before its
//! COMMIT has returned without error. Of large secrets a transaction takes on a few at a time, so
//! that small ones do not wait for all of them. When a statement fails by anything but changing no row, the
//! whole batch fails: SQLite may have rolled back by itself, and what ran after that would commit
//! on its own. After a failed commit nothing runs until a small write has committed, because
//! frames of the failed one could come back after a crash; that write covers them. And nothing runs
//! while the files are not those that SQLite has open, for it would go on with them.

mod batch;
mod commit;
mod database;
mod files;
mod layout;
mod place;
mod room;
mod statements;

use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::dev::channel;
use actix::prelude::*;
use tokio::sync::oneshot;

use crate::call::Call;
use crate::chain::Chain;
use crate::clock::Clock;
use crate::id::ReceiptId;
use crate::store::watchers::Watchers;
use crate::store::{Close, Ping, Purge, Purged, Rules, Store, StoreError, Watch};
use batch::{Entry, Pending};
use commit::{commit, failed, not_run};
use database::Database;
pub use database::DatabaseError;
use statements::{Fault, Statement, Work};

/// Messages that one transaction holds at the most.
const BATCH_LIMIT: usize = 512;
/// How often the files are cleaned while there is more to purge than one purge takes.
const ERASE_EVERY: Duration = Duration::from_millis(250);

/// Owns the connection to SQLite, alone.
pub struct StoreActor {
    database: Option<Database>,
    rules: Rules,
    clock: Clock,
    batch: Vec<Box<dyn Pending>>,
    watchers: Watchers,
    /// Whether a [`Flush`] is on its way; there is never more than one.
    is_flush_due: bool,
    /// Whether the last transaction failed.
    is_suspect: bool,
    /// When the files were last clean, and why they could not be cleaned since, if that was tried.
    erased_at: Instant,
    unclean: Option<StoreError>,
    _alive: oneshot::Sender<()>,
}

/// Resolves when a store's actor has ended, asked or not.
pub type Ended = oneshot::Receiver<()>;

impl StoreActor {
    /// Opens the database at `path` and starts its actor, for at most `mailbox` waiting messages.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`].
    pub fn start(
        path: &Path,
        rules: Rules,
        clock: Clock,
        mailbox: usize,
    ) -> Result<(Store, Ended), DatabaseError> {
        let (actor, ended) = Self::spawn(path, rules, clock, mailbox)?;
        Ok((Store::new(&actor), ended))
    }

    fn spawn(
        path: &Path,
        rules: Rules,
        clock: Clock,
        mailbox: usize,
    ) -> Result<(Addr<Self>, Ended), DatabaseError> {
        let database = Some(Database::open(path)?);
        let (alive, ended) = oneshot::channel();
        let actor = Self {
            database,
            rules,
            clock,
            batch: Vec::new(),
            watchers: Watchers::default(),
            is_flush_due: false,
            is_suspect: false,
            erased_at: Instant::now(),
            unclean: None,
            _alive: alive,
        };
        // The mailbox is made here, so that it has all its room before the thread runs.
        let (sender, receiver) = channel::channel(mailbox);
        Arbiter::new().spawn_fn(move || drop(Context::with_receiver(receiver).run(actor)));
        Ok((Addr::new(sender), ended))
    }

    fn enqueue(&mut self, pending: Box<dyn Pending>, context: &mut Context<Self>) {
        if !mem::replace(&mut self.is_flush_due, true) {
            context.notify(Flush);
        }
        self.batch.push(pending);
        if self.batch.len() >= BATCH_LIMIT {
            self.flush();
        }
    }

    /// Runs what has gathered as one transaction, but for those whose callers have gone, and then
    /// answers. Of secrets that are large, it may leave some to the next one.
    fn flush(&mut self) {
        let mut batch = mem::take(&mut self.batch);
        batch.retain(|pending| !pending.is_abandoned());
        if batch.is_empty() {
            return;
        }
        // A full batch leaves nothing, or the next message would flush it again.
        let may_put_off = batch.len() < BATCH_LIMIT;
        let committed = self.transact(|work| {
            work.may_put_off = may_put_off;
            batch.iter_mut().try_for_each(|pending| pending.run(work))?;
            Ok(mem::take(&mut work.ended))
        });
        let outcome = committed.as_ref().map(drop).map_err(StoreError::clone);
        let is_over = |pending: &mut Box<dyn Pending>| outcome.is_err() || pending.has_run();
        for pending in batch.extract_if(.., is_over) {
            pending.answer(outcome.clone());
        }
        self.batch = batch;
        self.watchers.answer(&committed.unwrap_or_default());
    }

    fn purge(&mut self) -> Result<Purged, StoreError> {
        let settled = self.clock.settled();
        let portion = self.transact(|work| {
            work.now = settled;
            Ok(statements::purge(work)?)
        })?;
        // Receipts and creations, however many are left, hold nothing that has to be erased. And where
        // much sealed is left, what others have ended does not wait for all of it.
        if !portion.is_sealed_left || self.erased_at.elapsed() >= ERASE_EVERY {
            self.erase()?;
        }
        Ok(portion.purged)
    }

    /// Does `task` in a transaction of its own, and tells the log when that begins to fail and when it
    /// works again.
    fn transact<T>(
        &mut self,
        task: impl FnOnce(&mut Work<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let outcome = self.attempt(task);
        match (&outcome, mem::replace(&mut self.is_suspect, outcome.is_err())) {
            (Err(error), false) => {
                log::error!("until a write succeeds, nothing is accepted: {}", Chain(error));
            }
            (Ok(_), true) => log::info!("the store commits again"),
            _ => {}
        }
        outcome
    }

    /// Does `task` in a transaction of its own. After a failure, a small write has to commit first.
    fn attempt<T>(
        &mut self,
        task: impl FnOnce(&mut Work<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let Database { connection, files, .. } =
            self.database.as_mut().ok_or(StoreError::Closing)?;
        let (rules, now) = (&self.rules, self.clock.now());
        files.verify()?;
        if self.is_suspect {
            let probed = commit(connection, |connection| Ok(statements::probe(connection, now)?));
            files.note();
            probed.map_err(not_run)?;
        }
        let outcome =
            commit(connection, |connection| task(&mut Work::new(connection, files, rules, now)));
        files.note();
        outcome
    }

    /// The receipt that `watch` has to wait for, if there is something to wait for.
    fn awaited(&self, watch: &Watch) -> Result<Option<ReceiptId>, StoreError> {
        let Database { connection, files, .. } =
            self.database.as_ref().ok_or(StoreError::Closing)?;
        let work = Work::new(connection, files, &self.rules, self.clock.now());
        statements::pending(&work, &watch.candidates).map_err(failed)
    }

    /// Whether the store does its work: it can read, and write if its last write failed, and could
    /// clean its files when it last tried.
    fn pong(&mut self) -> Result<(), StoreError> {
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

    fn close(&mut self) -> Result<(), StoreError> {
        let erased = self.erase();
        if let Some(database) = self.database.take() {
            database.close(erased.is_ok()).map_err(failed)?;
        }
        erased
    }
}

impl Actor for StoreActor {
    type Context = Context<Self>;
}

/// Sent by the actor to itself: it is handled when the mailbox is drained, so that a batch holds
/// all that has gathered.
#[derive(Message)]
#[rtype(result = "()")]
struct Flush;

impl Handler<Flush> for StoreActor {
    type Result = ();

    fn handle(&mut self, _: Flush, context: &mut Self::Context) {
        self.flush();
        self.is_flush_due = !self.batch.is_empty();
        if self.is_flush_due {
            context.notify(Flush);
        }
    }
}

impl<M: Statement> Handler<Call<M>> for StoreActor {
    type Result = ();

    fn handle(&mut self, call: Call<M>, context: &mut Self::Context) {
        self.enqueue(Box::new(Entry::new(call)), context);
    }
}

/// It is answered when a batch that ends what it watches has committed.
impl Handler<Call<Watch>> for StoreActor {
    type Result = ();

    fn handle(&mut self, call: Call<Watch>, _: &mut Self::Context) {
        match self.awaited(call.message()) {
            Ok(Some(receipt_id)) => self.watchers.add(receipt_id, call),
            Ok(None) => call.answer(Ok(())),
            Err(error) => call.answer(Err(error)),
        }
    }
}

impl Handler<Call<Purge>> for StoreActor {
    type Result = ();

    fn handle(&mut self, call: Call<Purge>, _: &mut Self::Context) {
        self.flush();
        call.answer(self.purge());
    }
}

impl Handler<Call<Ping>> for StoreActor {
    type Result = ();

    fn handle(&mut self, call: Call<Ping>, _: &mut Self::Context) {
        self.flush();
        call.answer(self.pong());
    }
}

impl Handler<Call<Close>> for StoreActor {
    type Result = ();

    fn handle(&mut self, call: Call<Close>, context: &mut Self::Context) {
        while !self.batch.is_empty() {
            self.flush();
        }
        call.answer(self.close());
        context.stop();
        Arbiter::current().stop();
    }
}

/// A checkpoint that something still reading the log prevented.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the write-ahead log could not be emptied: it is busy")]
struct CheckpointBusy;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Bounds;

    const RULES: Rules = Rules {
        attempts: 1,
        redelivery: Duration::ZERO,
        receipts_kept: Duration::ZERO,
        bounds: Bounds::NONE,
    };

    #[derive(Message)]
    #[rtype(result = "()")]
    struct Panic;

    impl Handler<Panic> for StoreActor {
        type Result = ();

        #[expect(clippy::panic, reason = "it is what is tested")]
        fn handle(&mut self, _: Panic, _: &mut Self::Context) {
            panic!("a test makes the store panic");
        }
    }

    #[actix::test]
    #[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    async fn a_store_that_panics_has_ended_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("viewonce.sqlite3");
        let (actor, ended) = StoreActor::spawn(&path, RULES, Clock::default(), 16).unwrap();
        let store = Store::new(&actor);
        store.ping().await.unwrap();
        actor.do_send(Panic);
        assert!(ended.await.is_err());
        assert!(matches!(store.ping().await, Err(StoreError::Ended)));
    }
}
