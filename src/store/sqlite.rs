//! The [`StoreActor`]: SQLite behind the messages of [`crate::store`], on a thread of its own.
//!
//! What has gathered in the mailbox becomes one transaction, and nobody is answered before its
//! COMMIT has returned without error. Of large secrets a transaction takes on a few at a time, so
//! that small ones do not wait for all of them. When a statement fails, and was not just refused, the
//! whole batch fails: SQLite may have rolled back by itself, and what ran after that would commit
//! on its own.

mod batch;
mod commit;
mod database;
mod files;
mod layout;
mod place;
mod room;
mod statements;
mod tally;
mod writer;

use std::mem;
use std::path::Path;
use std::sync::Arc;

use actix::dev::channel;
use actix::prelude::*;
use tokio::sync::oneshot;

use crate::call::Call;
use crate::clock::Clock;
use crate::metrics::StoreMetrics;
use crate::store::watchers::Watchers;
use crate::store::{Close, Ping, Purge, Rules, Store, StoreError, Watch};
use batch::{Entry, Pending};
use database::Database;
pub use database::DatabaseError;
use statements::Statement;
use writer::Writer;

/// Messages that one transaction holds at the most.
const BATCH_LIMIT: usize = 512;

/// Owns the connection to SQLite, alone.
pub struct StoreActor {
    writer: Writer,
    metrics: Arc<StoreMetrics>,
    batch: Vec<Box<dyn Pending>>,
    watchers: Watchers,
    /// Whether a [`Flush`] is on its way; there is never more than one.
    is_flush_due: bool,
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
        let (actor, metrics, ended) = Self::spawn(path, rules, clock, mailbox)?;
        Ok((Store::new(&actor, metrics), ended))
    }

    fn spawn(
        path: &Path,
        rules: Rules,
        clock: Clock,
        mailbox: usize,
    ) -> Result<(Addr<Self>, Arc<StoreMetrics>, Ended), DatabaseError> {
        let writer = Writer::new(Database::open(path)?, rules, clock);
        let metrics = writer.metrics();
        let (alive, ended) = oneshot::channel();
        let actor = Self {
            writer,
            metrics: Arc::clone(&metrics),
            batch: Vec::new(),
            watchers: Watchers::default(),
            is_flush_due: false,
            _alive: alive,
        };
        // The mailbox is made here, so that it has all its room before the thread runs.
        let (sender, receiver) = channel::channel(mailbox);
        Arbiter::new().spawn_fn(move || drop(Context::with_receiver(receiver).run(actor)));
        Ok((Addr::new(sender), metrics, ended))
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
        let committed = self.writer.transact(|work| {
            work.may_put_off = may_put_off;
            batch.iter_mut().try_for_each(|pending| pending.run(work))?;
            Ok(mem::take(&mut work.ended))
        });
        let outcome = committed.as_ref().map(drop).map_err(StoreError::clone);
        let is_over = |pending: &mut Box<dyn Pending>| outcome.is_err() || pending.has_run();
        let over: Vec<_> = batch.extract_if(.., is_over).collect();
        self.metrics.batches.observe(u16::try_from(over.len()).unwrap_or(u16::MAX).into());
        self.batch = batch;
        for pending in over {
            pending.answer(outcome.clone());
        }
        self.watchers.answer(&committed.unwrap_or_default());
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
        self.metrics.queue.dec();
        self.enqueue(Box::new(Entry::new(call)), context);
    }
}

/// It is answered when a batch that ends what it watches has committed.
impl Handler<Call<Watch>> for StoreActor {
    type Result = ();

    fn handle(&mut self, call: Call<Watch>, _: &mut Self::Context) {
        match self.writer.awaited(call.message()) {
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
        call.answer(self.writer.purge());
    }
}

impl Handler<Call<Ping>> for StoreActor {
    type Result = ();

    fn handle(&mut self, call: Call<Ping>, _: &mut Self::Context) {
        self.flush();
        call.answer(self.writer.pong());
    }
}

impl Handler<Call<Close>> for StoreActor {
    type Result = ();

    fn handle(&mut self, call: Call<Close>, context: &mut Self::Context) {
        while !self.batch.is_empty() {
            self.flush();
        }
        call.answer(self.writer.close());
        context.stop();
        Arbiter::current().stop();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        let (actor, metrics, ended) =
            StoreActor::spawn(&path, RULES, Clock::default(), 16).unwrap();
        let store = Store::new(&actor, metrics);
        store.ping().await.unwrap();
        actor.do_send(Panic);
        assert!(ended.await.is_err());
        assert!(matches!(store.ping().await, Err(StoreError::Ended)));
    }
}
