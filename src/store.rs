//! The seam behind which a store stands: its messages, its errors, and the [`Store`] handle.
//!
//! HTTP handlers and the janitor send these messages, never SQL. A store answers a message only
//! when what it did is durable; an answer that is an error means that nothing was done, but for
//! [`StoreError::OutcomeUnknown`] and [`StoreError::Ended`]. A [`Purge`] that fails may have deleted,
//! but has not erased. The contract is the test suite under `tests/store`, which runs
//! the same on every backend.
//!
//! | message | a living secret | one that expired, was taken or never was |
//! | --- | --- | --- |
//! | [`Create`] | – | is stored |
//! | [`Take`] | is deleted and handed over, to one caller | nothing |
//! | [`Peek`] | stays | nothing |
//! | [`Burn`] | is deleted | nothing |
//! | [`Purge`] | stays | is deleted, and erased from the files |
//!
//! [`Ping`] and [`Close`] concern the store itself.

pub mod sqlite;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::call::{self, Call, CallError};
use crate::clock::Timestamp;
use crate::secret::SealedSecret;
use crate::token::LookupId;

/// How long a store may take to answer a [`Ping`].
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Pings that may wait at a time.
const PINGS: usize = 16;

/// Stores a secret.
#[derive(Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct Create {
    /// The secret.
    pub sealed: SealedSecret,
}

/// Deletes the living secret that has one of these ids, and hands it over.
#[derive(Message)]
#[rtype(result = "Result<Option<SealedSecret>, StoreError>")]
pub struct Take {
    /// The ids it may have, the likeliest first.
    pub candidates: Vec<LookupId>,
}

/// Looks at the living secret that has one of these ids, and leaves it.
#[derive(Message)]
#[rtype(result = "Result<Option<Peeked>, StoreError>")]
pub struct Peek {
    /// The ids it may have, the likeliest first.
    pub candidates: Vec<LookupId>,
}

/// What can be known of a secret without taking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peeked {
    /// From this instant on it is gone.
    pub expires_at: Timestamp,
}

/// Deletes the living secret that has one of these ids, unseen. Tells whether there was one.
#[derive(Message)]
#[rtype(result = "Result<bool, StoreError>")]
pub struct Burn {
    /// The ids it may have, the likeliest first.
    pub candidates: Vec<LookupId>,
}

/// Deletes some of the secrets that have expired; with the last of them, erases from the files
/// what is left of all that were deleted.
#[derive(Message)]
#[rtype(result = "Result<Purged, StoreError>")]
pub struct Purge;

/// What a [`Purge`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// Secrets deleted.
    pub secrets: usize,
    /// Whether that was the last of them, and the files are clean.
    pub is_complete: bool,
}

/// Asks whether the store is there, and can write if its last write failed.
#[derive(Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct Ping {
    /// Held for as long as it waits, so that only so many do.
    pub permit: OwnedSemaphorePermit,
}

/// Finishes what is under way, erases, and closes the store.
#[derive(Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct Close;

/// What a backend said of its failure.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue is full. Nothing was done.
    #[error("the store's queue is full")]
    Busy,
    /// There is no room on the disk. Nothing was done.
    #[error("the store has no room")]
    NoRoom(#[source] Cause),
    /// It failed. Nothing was done.
    #[error("the store failed")]
    Failed(#[source] Cause),
    /// It failed while it committed: what was asked may be done, or not.
    #[error("the outcome of a commit is unknown")]
    OutcomeUnknown(#[source] Cause),
    /// It has ended: what was asked may be done, or not.
    #[error("the store has ended")]
    Ended,
    /// It is closing. Nothing was done.
    #[error("the store is closing")]
    Closing,
    /// It does not answer in time.
    #[error("the store does not answer")]
    Silent,
}

impl From<CallError> for StoreError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Busy => Self::Busy,
            CallError::Ended => Self::Ended,
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
    purge: Recipient<Call<Purge>>,
    ping: Recipient<Call<Ping>>,
    close: Recipient<Call<Close>>,
    pings: Arc<Semaphore>,
}

impl Store {
    /// The way to the store that `actor` is.
    #[must_use]
    pub fn new<A>(actor: &Addr<A>) -> Self
    where
        A: Actor<Context = Context<A>>
            + Handler<Call<Create>>
            + Handler<Call<Take>>
            + Handler<Call<Peek>>
            + Handler<Call<Burn>>
            + Handler<Call<Purge>>
            + Handler<Call<Ping>>
            + Handler<Call<Close>>,
    {
        Self {
            create: actor.clone().into(),
            take: actor.clone().into(),
            peek: actor.clone().into(),
            burn: actor.clone().into(),
            purge: actor.clone().into(),
            ping: actor.clone().into(),
            close: actor.clone().into(),
            pings: Arc::new(Semaphore::new(PINGS)),
        }
    }

    /// Stores a secret, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn create(&self, sealed: SealedSecret) -> Result<(), StoreError> {
        call::ask(&self.create, Create { sealed }).await?
    }

    /// Takes a secret: it is durably gone from the store when this returns it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn take(
        &self,
        candidates: Vec<LookupId>,
    ) -> Result<Option<SealedSecret>, StoreError> {
        call::ask(&self.take, Take { candidates }).await?
    }

    /// Looks at a secret.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn peek(&self, candidates: Vec<LookupId>) -> Result<Option<Peeked>, StoreError> {
        call::ask(&self.peek, Peek { candidates }).await?
    }

    /// Burns a secret unseen; tells whether there was one.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn burn(&self, candidates: Vec<LookupId>) -> Result<bool, StoreError> {
        call::ask(&self.burn, Burn { candidates }).await?
    }

    /// Purges some of what has expired. It has its turn in a full queue, too; there is one janitor.
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
