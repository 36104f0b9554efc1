//! The seam behind which a store stands: its messages, its errors, and the [`Store`] handle.
//!
//! HTTP handlers, the janitor and the survey send these messages, never SQL. Each travels as a
//! [`Command`], and a backend is an actor that handles those. A store answers a message only when what
//! it did is durable; an answer that is an error means that nothing was done, but for
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
//! not burned. [`Survey`] and [`Count`] count, [`Ping`] and [`Close`] concern the store itself.

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
/// How long a commit that succeeded shows that a store is healthy.
const HEALTH_AGE: Duration = Duration::from_secs(1);

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

/// How the last transaction of a store ended, and when.
#[derive(Debug, Default)]
pub struct Health(std::sync::Mutex<Option<(Instant, Result<(), StoreError>)>>);

impl Health {
    /// Notes how a transaction has just ended.
    pub fn note(&self, outcome: Result<(), StoreError>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), outcome));
    }

    /// The health for whoever asked at this instant: what was noted since, or success not long before.
    fn asked_at(&self, instant: Instant) -> Option<Result<(), StoreError>> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (noted_at, outcome) = noted.as_ref()?;
        let is_recent = outcome.is_ok() && noted_at.elapsed() < HEALTH_AGE;
        (is_recent || *noted_at >= instant).then(|| outcome.clone())
    }
}

/// The way to a store. Clones lead to the same one.
#[derive(Clone)]
pub struct Store {
    actor: Recipient<Command>,
    metrics: Arc<StoreMetrics>,
    health: Arc<Health>,
    /// Held by whoever pings.
    ping: Arc<Mutex<()>>,
}

impl Store {
    /// The way to the store that `actor` is, and what that counts.
    pub fn new(actor: Recipient<Command>, metrics: Arc<StoreMetrics>, health: Arc<Health>) -> Self {
        Self { actor, metrics, health, ping: Arc::default() }
    }

    /// What the store counts.
    pub const fn metrics(&self) -> &Arc<StoreMetrics> {
        &self.metrics
    }

    /// Sends a message if the queue has room for it, and waits for the answer.
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

    /// Sends a message even into a full queue, and waits for the answer. For the few senders that
    /// must not be refused: they are bounded in number.
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

    /// Whether the store does its work, as its last commit shows if that is at most a second old, or
    /// else a [`Ping`], which all who ask at the same time share. A full queue alone does not make it
    /// fail.
    ///
    /// # Errors
    ///
    /// [`StoreError`], [`StoreError::Silent`] if the ping is not answered within five seconds.
    pub async fn health(&self) -> Result<(), StoreError> {
        let asked_at = Instant::now();
        let asked = async {
            let alone = Arc::clone(&self.ping).lock_owned().await;
            if let Some(health) = self.health.asked_at(asked_at) {
                return health;
            }
            // It goes on when whoever asked has left: so there is never more than one in the queue.
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
