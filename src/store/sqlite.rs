//! The [`StoreActor`]: SQLite behind the messages of [`crate::store`], on a thread of its own.
//!
//! All commands in the mailbox become one transaction, which is answered after its COMMIT has returned.
//! A transaction handles only a few large secrets, so that small ones do not wait for many large ones.
//! If a statement fails, the whole batch fails: SQLite may have rolled back by itself, and each later
//! statement would then be a transaction of its own. (A refused command is no failed statement.)

mod database;
mod files;
mod place;
mod quota;
mod shreds;
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

/// The most commands in one transaction.
const BATCH_LIMIT: usize = 512;

/// The only owner of the connection to SQLite.
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
    /// Opens the database at `path` and starts its actor with a queue of `mailbox` messages.
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
        // Created here, so that the mailbox has its full capacity before the thread runs.
        let (sender, receiver) = channel::channel(mailbox);
        Arbiter::new().spawn_fn(move || drop(Context::with_receiver(receiver).run(actor)));
        Ok(Store::new(Addr::new(sender).recipient(), metrics, health))
    }

    /// Runs the batch as one transaction, without abandoned commands, and answers it. May leave commands
    /// about large secrets for the next transaction.
    fn flush(&mut self) {
        let mut batch = mem::take(&mut self.batch);
        batch.retain(|command| !command.is_abandoned());
        if batch.is_empty() {
            return;
        }
        // A full batch defers nothing: if much of it stayed, each new message would fill it again.
        let may_defer = batch.len() < BATCH_LIMIT;
        let committed = self.writer.transact(|transaction| {
            transaction.may_defer = may_defer;
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

/// Sent by the actor to itself. Handled after the mailbox is drained, so that a batch holds every
/// command that was waiting.
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
            // Answered when a batch that ends the watched secret has committed.
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
