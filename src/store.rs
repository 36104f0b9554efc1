//! The seam behind which a store stands: its messages, its errors, and the [`Store`] handle.
//!
//! HTTP handlers, the janitor and the survey send these messages, never SQL. A store answers a message
//! only when what it did is durable; an answer that is an error means that nothing was done, but for
//! [`StoreError::OutcomeUnknown`] and [`StoreError::Ended`], and for a [`Purge`], which may have done
//! a part. Of messages that are not answered yet, any may be done first. The contract is the test
//! suite under `tests/store`, which runs the same on every backend.
//!
//! # States and transitions
//!
//! A secret lives from its [`Create`] until it ends. If it was taken with a key, it is kept for a
//! repeat for as long as the [`Rules`] say, and never past its expiry. What is said of its receipt
//! happens in the same transaction, if it has one.
//!
//! | | living | living, with a passphrase | kept for a repeat | gone, or never was |
//! | --- | --- | --- | --- | --- |
//! | [`Take`] | is deleted and handed over, to one caller; `viewed` | stays: a passphrase is required | stays: nothing | nothing |
//! | … with a key | is handed over and kept; `viewed` | stays: a passphrase is required | is handed over again, if it is the same key | nothing |
//! | … with the right passphrase | as without | as one that has none | as without | nothing |
//! | … with a wrong one | as without | stays, with an attempt less; with none left it is deleted, `locked` | as without | nothing |
//! | [`Acknowledge`] | stays: false | stays: false | is deleted: true, if it is the same key; stays `viewed` | false |
//! | [`Burn`] | is deleted: true; `burned` | is deleted: true; `burned` | is deleted: false; stays `viewed` | false |
//! | [`Revoke`] | is deleted; `burned` | is deleted; `burned` | is deleted; stays `viewed` | its fate |
//! | [`Peek`] | its expiry | its expiry, and that it has a passphrase | nothing | nothing |
//! | [`Inspect`] | `pending` | `pending` | `viewed` | its fate, as long as it is kept |
//! | [`Watch`] | waits for the end | waits for the end | does not wait | does not wait |
//! | its expiry | it is gone; `expired` | it is gone; `expired` | it is gone; stays `viewed` | |
//! | [`Create`] again, with the same key | stays | stays | stays | nothing; tells the first one |
//! | [`Purge`] | stays | stays | stays | is deleted, if it is not yet, and erased |
//! | [`Close`] and a start | stays | stays, with its attempts | stays | |
//!
//! A burn of what was seen already deletes what is left of it, but says what is true: that it was
//! not burned. [`Survey`] counts, [`Ping`] and [`Close`] concern the store itself.

mod error;
mod messages;
pub mod sqlite;
mod watchers;

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::call::{self, Call, CallError};
use crate::config::Settings;
use crate::id::{ClaimId, LookupId, ReceiptId};
use crate::key::KeyId;
use crate::metrics::StoreMetrics;
use crate::secret::NewSecret;
pub use error::{Cause, StoreError};
pub use messages::{
    Acknowledge, Bounds, Burn, CREATIONS_KEPT, Close, Create, Created, Fate, Inspect, Peek, Peeked,
    Ping, Place, Proof, Purge, Purged, Revoke, Rules, State, Survey, Surveyed, Take, Taken, Watch,
};

/// How long a store may take to answer a [`Ping`].
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Pings that may wait at a time.
const PINGS: usize = 16;

impl From<&Settings> for Rules {
    fn from(settings: &Settings) -> Self {
        let receipts_kept = Duration::try_from_secs_f64(settings.receipts.keep_hours * 3600.0);
        Self {
            attempts: settings.secrets.max_attempts,
            redelivery: Duration::from_secs(settings.secrets.redeliver_seconds),
            receipts_kept: receipts_kept.unwrap_or(Duration::MAX),
            bounds: Bounds {
                max_bytes: match settings.store.max_bytes {
                    0 => Bounds::NONE.max_bytes,
                    bytes => bytes,
                },
                min_free_bytes: settings.store.min_free_bytes,
            },
        }
    }
}

/// The way to a store. Clones lead to the same one.
#[derive(Clone)]
pub struct Store {
    create: Recipient<Call<Create>>,
    take: Recipient<Call<Take>>,
    peek: Recipient<Call<Peek>>,
    burn: Recipient<Call<Burn>>,
    acknowledge: Recipient<Call<Acknowledge>>,
    inspect: Recipient<Call<Inspect>>,
    revoke: Recipient<Call<Revoke>>,
    watch: Recipient<Call<Watch>>,
    survey: Recipient<Call<Survey>>,
    purge: Recipient<Call<Purge>>,
    ping: Recipient<Call<Ping>>,
    close: Recipient<Call<Close>>,
    pings: Arc<Semaphore>,
    metrics: Arc<StoreMetrics>,
}

impl Store {
    /// The way to the store that `actor` is, and what that counts.
    #[must_use]
    pub fn new<A>(actor: &Addr<A>, metrics: Arc<StoreMetrics>) -> Self
    where
        A: Actor<Context = Context<A>>
            + Handler<Call<Create>>
            + Handler<Call<Take>>
            + Handler<Call<Peek>>
            + Handler<Call<Burn>>
            + Handler<Call<Acknowledge>>
            + Handler<Call<Inspect>>
            + Handler<Call<Revoke>>
            + Handler<Call<Watch>>
            + Handler<Call<Survey>>
            + Handler<Call<Purge>>
            + Handler<Call<Ping>>
            + Handler<Call<Close>>,
    {
        Self {
            create: actor.clone().into(),
            take: actor.clone().into(),
            peek: actor.clone().into(),
            burn: actor.clone().into(),
            acknowledge: actor.clone().into(),
            inspect: actor.clone().into(),
            revoke: actor.clone().into(),
            watch: actor.clone().into(),
            survey: actor.clone().into(),
            purge: actor.clone().into(),
            ping: actor.clone().into(),
            close: actor.clone().into(),
            pings: Arc::new(Semaphore::new(PINGS)),
            metrics,
        }
    }

    /// What the store counts.
    #[must_use]
    pub const fn metrics(&self) -> &Arc<StoreMetrics> {
        &self.metrics
    }

    /// Sends a message that gathers with others, if there is room for it, and waits for the answer.
    /// Until the store takes it on, it counts as one in the queue.
    async fn ask<M>(&self, to: &Recipient<Call<M>>, message: M) -> Result<M::Result, CallError>
    where
        M: Message<Result: Send> + Send + 'static,
    {
        self.metrics.queue.inc();
        let answer = call::ask(to, message).await;
        if let Err(CallError::Busy) = answer {
            self.metrics.queue.dec();
        }
        answer
    }

    /// Stores a secret, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn create(&self, secret: impl Into<NewSecret>) -> Result<Created, StoreError> {
        self.ask(&self.create, Create { secret: secret.into() }).await?
    }

    /// Takes a secret: it is durably gone from the store when this returns it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn take(&self, take: impl Into<Take>) -> Result<Taken, StoreError> {
        self.ask(&self.take, take.into()).await?
    }

    /// Ends a repeat; tells whether there was one.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn acknowledge(&self, claims: Vec<ClaimId>) -> Result<bool, StoreError> {
        self.ask(&self.acknowledge, Acknowledge { claims }).await?
    }

    /// Looks at a secret.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn peek(&self, candidates: Vec<LookupId>) -> Result<Option<Peeked>, StoreError> {
        self.ask(&self.peek, Peek { candidates }).await?
    }

    /// Burns a secret unseen; tells whether there was one.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn burn(&self, candidates: Vec<LookupId>) -> Result<bool, StoreError> {
        self.ask(&self.burn, Burn { candidates }).await?
    }

    /// What became of a receipt's secret.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn inspect(&self, candidates: Vec<ReceiptId>) -> Result<Option<Fate>, StoreError> {
        self.ask(&self.inspect, Inspect { candidates }).await?
    }

    /// Burns a receipt's secret unseen; tells what became of it, now or before.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn revoke(&self, candidates: Vec<ReceiptId>) -> Result<Option<Fate>, StoreError> {
        self.ask(&self.revoke, Revoke { candidates }).await?
    }

    /// Waits until a receipt's secret has ended otherwise than by its expiry.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn watch(&self, candidates: Vec<ReceiptId>) -> Result<(), StoreError> {
        call::ask(&self.watch, Watch { candidates }).await?
    }

    /// Counts secrets under other keys than those `known`, in the next portion `after` a place.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn survey(
        &self,
        known: Vec<KeyId>,
        after: Option<Place>,
    ) -> Result<Surveyed, StoreError> {
        self.metrics.queue.inc();
        call::insist(&self.survey, Survey { known, after }).await?
    }

    /// Purges some of what has ended. It has its turn in a full queue, too; there is one janitor.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn purge(&self) -> Result<Purged, StoreError> {
        call::insist(&self.purge, Purge).await?
    }

    /// Whether the store does its work. A full queue alone does not make it fail.
    ///
    /// # Errors
    ///
    /// [`StoreError`], [`StoreError::Silent`] after five seconds.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let ping = async {
            let pings = Arc::clone(&self.pings);
            let permit = pings.acquire_owned().await.map_err(|_closed| StoreError::Ended)?;
            call::insist(&self.ping, Ping { permit }).await?
        };
        timeout(PING_TIMEOUT, ping).await.map_err(|_elapsed| StoreError::Silent)?
    }

    /// Closes the store after what was sent before.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn close(&self) -> Result<(), StoreError> {
        call::insist(&self.close, Close).await?
    }
}
