//! The interface of a store: its messages, its errors, and the [`Store`] handle.
//!
//! HTTP handlers, the janitor and the survey send these messages, never SQL. Each travels as a
//! [`Command`], and a backend is an actor that handles commands. A store answers only when its changes
//! are durable. An error means that nothing was done. Exceptions: after [`StoreError::OutcomeUnknown`]
//! and [`StoreError::Ended`] the work may be done, and a failed [`Purge`] may have deleted some rows.
//! Messages that are in flight together may run in any order. The contract is the test suite under
//! `tests/store`, which runs unchanged on every backend.
//!
//! # States and transitions
//!
//! A secret lives from its [`Create`] until it ends. If it was taken with an idempotency key, it is kept
//! for redelivery as long as the [`Rules`] say, but never past its expiry. If it has a receipt, the
//! receipt's state (in backquotes) changes in the same transaction. Results follow a colon.
//!
//! | | living | living, with a passphrase | kept for redelivery | gone, or never existed |
//! | --- | --- | --- | --- | --- |
//! | [`Take`] | deleted and returned to one caller; `viewed` | stays: passphrase required | stays: nothing | nothing |
//! | … with a key | returned and kept; `viewed` | stays: passphrase required | returned again, if the key is the same | nothing |
//! | … with the right passphrase | as without | as a secret that has none | as without | nothing |
//! | … with a wrong passphrase | as without | stays, with one attempt less; after the last it is deleted, `locked` | as without | nothing |
//! | [`Acknowledge`] | stays: false | stays: false | deleted: true, if the key is the same; stays `viewed` | false |
//! | [`Burn`] | deleted: true; `burned` | deleted: true; `burned` | deleted: false; stays `viewed` | false |
//! | [`Revoke`] | deleted; `burned` | deleted; `burned` | deleted; stays `viewed` | its status |
//! | [`Peek`] | its expiry | its expiry, and that it has a passphrase | nothing | nothing |
//! | [`Inspect`] | `pending` | `pending` | `viewed` | its status, while the receipt is kept |
//! | [`Watch`] | waits for the end | waits for the end | does not wait | does not wait |
//! | its expiry | gone; `expired` | gone; `expired` | gone; stays `viewed` | |
//! | [`Create`] again, with the same key | stays | stays | stays | stores nothing: the first creation |
//! | [`Purge`] | stays | stays | stays | deleted, if it is not yet, and erased |
//! | [`Close`] and a start | stays | stays, with its attempts | stays | |
//!
//! Burning a secret that is kept for redelivery deletes it, but answers false, because it was seen. [`Survey`] and [`Count`] count, [`Ping`] and [`Close`] concern the store itself.

mod command;
mod error;
mod messages;
pub mod sqlite;
pub(crate) mod survey;
mod watchers;

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use actix::Recipient;
use actix::dev::SendError;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::config::Settings;
use crate::metrics::StoreMetrics;
pub use command::{Command, Reply, Request};
pub use error::{Cause, StoreError};
pub use messages::{
    Acknowledge, Bounds, Burn, CREATIONS_KEPT, Close, Count, Create, Created, Inspect, Peek,
    Peeked, Ping, Place, Proof, Purge, Purged, ReceiptStatus, Revoke, Rules, State, Survey,
    Surveyed, Take, Taken, Watch,
};

/// How long a store may take to answer a [`Ping`].
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a successful commit proves that a store is healthy.
const HEALTH_AGE: Duration = Duration::from_secs(1);

impl From<&Settings> for Rules {
    fn from(settings: &Settings) -> Self {
        let receipts_kept = Duration::try_from_secs_f64(settings.receipts.keep_hours * 3600.0);
        Self {
            attempts: settings.secrets.max_attempts,
            redelivery: Duration::from_secs(settings.secrets.redeliver_seconds),
            receipts_kept: receipts_kept.unwrap_or(Duration::MAX),
            erase_within: Duration::from_secs(settings.store.erase_seconds),
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

/// How the last transaction of a store ended, and when.
#[derive(Debug, Default)]
pub struct Health(std::sync::Mutex<Option<(Instant, Result<(), StoreError>)>>);

impl Health {
    /// Records the outcome of the transaction that has just ended.
    pub fn note(&self, outcome: Result<(), StoreError>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), outcome));
    }

    /// The answer to a health check that began at `instant`, without a ping: the last transaction's
    /// outcome if it ended after `instant`, or if it succeeded within the last [`HEALTH_AGE`]. `None` if
    /// a ping is needed.
    fn asked_at(&self, instant: Instant) -> Option<Result<(), StoreError>> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (noted_at, outcome) = noted.as_ref()?;
        let is_recent = outcome.is_ok() && noted_at.elapsed() < HEALTH_AGE;
        (is_recent || *noted_at >= instant).then(|| outcome.clone())
    }
}

/// A handle to a store. Clones are handles to the same store.
#[derive(Clone)]
pub struct Store {
    actor: Recipient<Command>,
    metrics: Arc<StoreMetrics>,
    health: Arc<Health>,
    /// Held during a ping.
    ping: Arc<Mutex<()>>,
}

impl Store {
    /// A handle to the store that `actor` runs, with the metrics and the health that it records.
    pub fn new(actor: Recipient<Command>, metrics: Arc<StoreMetrics>, health: Arc<Health>) -> Self {
        Self { actor, metrics, health, ping: Arc::default() }
    }

    /// The store's metrics.
    pub const fn metrics(&self) -> &Arc<StoreMetrics> {
        &self.metrics
    }

    /// Sends a message, unless the queue is full, and waits for the answer.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn ask<M: Request>(&self, message: M) -> Result<M::Answer, StoreError> {
        let (reply, answer) = Reply::new();
        self.metrics.queue.inc();
        if let Err(error) = self.actor.try_send(message.into_command(reply)) {
            self.metrics.queue.dec();
            return Err(match error {
                SendError::Full(_) => StoreError::Busy,
                SendError::Closed(_) => StoreError::Closing,
            });
        }
        answer.await.map_err(|_dropped| StoreError::Ended)?
    }

    /// Sends a message even into a full queue, and waits for the answer. Only for senders that must not
    /// be refused and are bounded in number.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn insist<M: Request>(&self, message: M) -> Result<M::Answer, StoreError> {
        if !self.actor.connected() {
            return Err(StoreError::Closing);
        }
        let (reply, answer) = Reply::new();
        self.metrics.queue.inc();
        self.actor.do_send(message.into_command(reply));
        answer.await.map_err(|_dropped| StoreError::Ended)?
    }

    /// Whether the store works. A successful commit less than a second old proves it; otherwise this
    /// sends a [`Ping`], which concurrent checks share. A full queue alone does not fail the check.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`StoreError::Silent`] if there is no answer within five seconds.
    pub async fn health(&self) -> Result<(), StoreError> {
        let asked_at = Instant::now();
        let asked = async {
            let alone = Arc::clone(&self.ping).lock_owned().await;
            if let Some(health) = self.health.asked_at(asked_at) {
                return health;
            }
            // Spawned, so that a caller who leaves does not release the lock while its ping is queued.
            let store = self.clone();
            let ping = tokio::spawn(async move {
                let _alone = alone;
                store.insist(Ping).await
            });
            ping.await.unwrap_or(Err(StoreError::Ended))
        };
        timeout(PING_TIMEOUT, asked).await.unwrap_or(Err(StoreError::Silent))
    }
}
