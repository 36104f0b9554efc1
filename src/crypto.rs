//! The [`CryptoActor`] and the [`Crypto`] handle that HTTP handlers send to. Contents go in and come
//! out, and what a passphrase was stretched to; roots and sealing keys never leave.
//!
//! Each HTTP worker has an actor on its own thread: what it does takes microseconds, and a hop to
//! another thread would cost more. Passphrases alone take a core for about a tenth of a second and
//! 64 MiB: they are stretched on threads apart, in [`Pools`] of which creations and reveals have one
//! each, so that a flood of the ones leaves the others alone.

mod messages;
mod pool;

use std::sync::Arc;

use actix::prelude::*;

use crate::call::{self, Call, CallError};
use crate::clock::Clock;
use crate::id::ReceiptId;
use crate::repeat::IdempotencyKey;
use crate::seal::{Issued, NoMemory, OpenError, ProveError, Roots};
use crate::secret::Plaintext;
use crate::token::{Receipt, Token};
pub use messages::{
    Locate, LocateReceipt, Located, Open, Prove, Proven, Recall, Seal, Sealed, Unlock,
};
pub use pool::Pools;

/// Why a content was not sealed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum SealError {
    /// There was no randomness for a token.
    #[error("the operating system gave no random bytes")]
    Randomness(#[from] getrandom::Error),
    /// There was no memory for a passphrase.
    #[error(transparent)]
    Memory(#[from] NoMemory),
}

/// Why there is no good answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum CryptoError {
    /// It did not run.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Stretching a passphrase failed.
    #[error("the passphrase was not stretched")]
    Prove(#[from] ProveError),
    /// Opening failed.
    #[error("the secret does not open")]
    Open(#[from] OpenError),
}

/// Seals, locates and opens.
pub struct CryptoActor {
    roots: Arc<Roots>,
    clock: Clock,
}

impl CryptoActor {
    /// Starts one on this thread, for at most `mailbox` waiting messages.
    #[must_use]
    pub fn start(roots: Arc<Roots>, pools: Pools, clock: Clock, mailbox: usize) -> Crypto {
        let actor = Self::create(|context| {
            context.set_mailbox_capacity(mailbox);
            Self { roots: Arc::clone(&roots), clock: clock.clone() }
        });
        Crypto {
            seal: actor.clone().into(),
            recall: actor.clone().into(),
            locate: actor.clone().into(),
            locate_receipt: actor.clone().into(),
            open: actor.into(),
            roots,
            pools,
            clock,
        }
    }
}

impl Actor for CryptoActor {
    type Context = Context<Self>;
}

impl Handler<Call<Seal>> for CryptoActor {
    type Result = ();

    fn handle(&mut self, call: Call<Seal>, _: &mut Self::Context) {
        call.answer_with(|seal| seal.run(&self.roots, &self.clock));
    }
}

/// Has the actor run these messages, which need no more than the roots.
macro_rules! run {
    ($($message:ty),*) => { $(
        impl Handler<Call<$message>> for CryptoActor {
            type Result = ();

            fn handle(&mut self, call: Call<$message>, _: &mut Self::Context) {
                call.answer_with(|message| message.run(&self.roots));
            }
        }
    )* };
}

run!(Recall, Locate, LocateReceipt, Open);

/// The way to a [`CryptoActor`], and to the threads for passphrases.
#[derive(Clone)]
pub struct Crypto {
    seal: Recipient<Call<Seal>>,
    recall: Recipient<Call<Recall>>,
    locate: Recipient<Call<Locate>>,
    locate_receipt: Recipient<Call<LocateReceipt>>,
    open: Recipient<Call<Open>>,
    roots: Arc<Roots>,
    pools: Pools,
    clock: Clock,
}

impl Crypto {
    /// A new token, and the content sealed under it.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Call`] and [`CryptoError::Seal`].
    pub async fn seal(&self, message: Seal) -> Result<Sealed, CryptoError> {
        if message.deposit.passphrase.is_none() {
            return Ok(call::ask(&self.seal, message).await??);
        }
        let (roots, clock) = (Arc::clone(&self.roots), self.clock.clone());
        Ok(self.pools.create.run(move || message.run(&roots, &clock)).await??)
    }

    /// What a creation got that is being retried. It is already there then, so this waits for its
    /// turn, as [`Self::open`] does.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Call`] if the actor has ended.
    pub async fn recall(&self, message: Recall) -> Result<Option<Issued>, CryptoError> {
        Ok(call::insist(&self.recall, message).await?)
    }

    /// The token again, and the ids it may be stored under.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Call`].
    pub async fn locate(
        &self,
        token: Token,
        key: Option<IdempotencyKey>,
    ) -> Result<Located, CryptoError> {
        Ok(call::ask(&self.locate, Locate { token, key }).await?)
    }

    /// The ids that a receipt may be stored under.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Call`].
    pub async fn locate_receipt(&self, receipt: Receipt) -> Result<Vec<ReceiptId>, CryptoError> {
        Ok(call::ask(&self.locate_receipt, LocateReceipt { receipt }).await?)
    }

    /// What knowing a passphrase comes down to.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Call`] and [`CryptoError::Prove`].
    pub async fn prove(&self, message: Prove) -> Result<Proven, CryptoError> {
        let roots = Arc::clone(&self.roots);
        Ok(self.pools.reveal.run(move || message.run(&roots)).await??)
    }

    /// The content of a secret that was taken. It is already deleted then, so this waits for its
    /// turn where the others are refused; there is at most one for each request under way.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Open`], and [`CryptoError::Call`] if the actor has ended.
    pub async fn open(&self, message: Open) -> Result<Plaintext, CryptoError> {
        Ok(call::insist(&self.open, message).await??)
    }
}
