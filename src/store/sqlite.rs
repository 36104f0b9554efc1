//! The [`StoreActor`]: SQLite behind the messages of [`crate::store`], on a thread of its own.
//!
//! What has gathered in the mailbox becomes one transaction, and nobody is answered before its
//! COMMIT has returned without error. Of large secrets a transaction takes on a few at a time, so
//! that small ones do not wait for all of them. When a statement fails, and was not just refused, the
//! whole batch fails: SQLite may have rolled back by itself, and what ran after that would commit
//! on its own.

mod database;
mod files;
mod layout;
mod place;
mod quota;
mod tally;
mod transaction;
mod writer;

use std::mem;
use std::path::Path;

use actix::dev::channel;
use actix::prelude::*;

use super::watchers::Watchers;
use super::{Command, Rules, Store, StoreError};
use crate::domain::clock::Clock;
use crate::runtime::lifeline::Lifeline;
use database::Database;
pub use database::DatabaseError;
use writer::Writer;

/// Messages that one transaction holds at the most.
const BATCH_LIMIT: usize = 512;

/// Owns the connection to SQLite, alone.
pub struct StoreActor {
    writer: Writer,
    /// The commands that wait for the next transaction.
    batch: Vec<Command>,
    watchers: Watchers,
    /// Whether a [`Flush`] is on its way; there is never more than one.
    is_flush_due: bool,
    _lifeline: Lifeline,
}

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
        lifeline: Lifeline,
    ) -> Result<Store, DatabaseError> {
        let writer = Writer::new(Database::open(path)?, rules, clock);
        let (metrics, health) = (writer.metrics.clone(), writer.health.clone());
        let actor = Self {
            writer,
            batch: Vec::new(),
            watchers: Watchers::default(),
            is_flush_due: false,
            _lifeline: lifeline,
        };
        // The mailbox is made here, so that it has all its room before the thread runs.
        let (sender, receiver) = channel::channel(mailbox);
        Arbiter::new().spawn_fn(move || drop(Context::with_receiver(receiver).run(actor)));
        Ok(Store::new(Addr::new(sender).recipient(), metrics, health))
    }

    /// Runs what has gathered as one transaction, but for those whose callers have gone, and then
    /// answers. Of secrets that are large, it may leave some to the next one.
    fn flush(&mut self) {
        let mut batch = mem::take(&mut self.batch);
        batch.retain(|command| !command.is_abandoned());
        if batch.is_empty() {
            return;
        }
        // A full batch leaves nothing, or the next message would flush it again.
        let may_put_off = batch.len() < BATCH_LIMIT;
        let committed = self.writer.transact(|transaction| {
            transaction.may_put_off = may_put_off;
            batch.iter_mut().try_for_each(|command| transaction.run(command))?;
            Ok(mem::take(&mut transaction.ended))
        });
        if committed.is_ok() {
            self.batch = batch.extract_if(.., |command| !command.has_run()).collect();
        }
        self.writer.metrics.batches.observe(u16::try_from(batch.len()).unwrap_or(u16::MAX).into());
        for command in batch {
            command.settle(committed.as_ref().map(drop).map_err(StoreError::clone));
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

impl Handler<Command> for StoreActor {
    type Result = ();

    fn handle(&mut self, command: Command, context: &mut Self::Context) {
        self.writer.metrics.queue.dec();
        match command {
            // It is answered when a batch that ends what it watches has committed.
            Command::Watch(watch, reply) => match self.writer.awaited(&watch) {
                Ok(Some(receipt_id)) => self.watchers.add(receipt_id, reply),
                Ok(None) => reply.send(Ok(())),
                Err(error) => reply.send(Err(error)),
            },
            Command::Purge(_, reply) => {
                self.flush();
                reply.send(self.writer.purge());
            }
            Command::Ping(_, reply) => reply.send(self.writer.check()),
            Command::Close(_, reply) => {
                while !self.batch.is_empty() {
                    self.flush();
                }
                reply.send(self.writer.close());
                context.stop();
                Arbiter::current().stop();
            }
            command => {
                if !mem::replace(&mut self.is_flush_due, true) {
                    context.notify(Flush);
                }
                self.batch.push(command);
                if self.batch.len() >= BATCH_LIMIT {
                    self.flush();
                }
            }
        }
    }
}
