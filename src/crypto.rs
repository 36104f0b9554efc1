//! The [`CryptoActor`], and the [`Crypto`] handle through which HTTP handlers use it. Contents and
//! stretched passphrases pass in and out; roots and sealing keys never leave this module.
//!
//! Each HTTP worker has an actor on its own thread: most work takes microseconds, less than a hop to
//! another thread. Two kinds of work take longer and run on thread pools: contents of more than
//! [`LARGE_BYTES`], and passphrases, each of which takes about 100 ms of one core and 64 MiB. Creations
//! and reveals have separate passphrase pools, so that a flood of one does not starve the other. Large
//! contents of both share a third pool.

pub mod format;
mod messages;
mod pools;

use std::sync::Arc;

use actix::prelude::*;

use crate::domain::clock::Clock;
use crate::domain::id::ReceiptId;
use crate::domain::idempotency_key::Creation;
use crate::domain::secret::Plaintext;
use crate::domain::token::Receipt;
use crate::runtime::lifeline::Lifeline;
use crate::runtime::pool::{LARGE_BYTES, PoolError};
use format::{FormatError, Issued, Retry, Roots};
pub use messages::{Locate, Located, Open, Presented, Prove, Proven, Seal, Sealed, Unlock};
pub use pools::Pools;

/// Why the work failed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum CryptoError {
    /// A pool refused the work, or the work panicked. Nothing was stored or taken.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The actor has stopped. Nothing was done.
    #[error("the crypto actor has stopped")]
    Ended,
    /// The actor stopped or the work panicked after the secret was taken: its content is lost.
    #[error("the secret is lost: it was taken, but opening it did not finish")]
    Lost,
    /// Sealing, stretching or opening failed.
    #[error("the secret could not be sealed or opened")]
    Format(#[from] FormatError),
}

impl From<MailboxError> for CryptoError {
    fn from(_closed: MailboxError) -> Self {
        Self::Ended
    }
}

/// Seals, locates and opens secrets.
pub struct CryptoActor {
    roots: Arc<Roots>,
    clock: Clock,
    _lifeline: Lifeline,
}

impl Actor for CryptoActor {
    type Context = Context<Self>;
}

impl Handler<Seal> for CryptoActor {
    type Result = Result<Sealed, FormatError>;

    fn handle(&mut self, seal: Seal, _: &mut Self::Context) -> Self::Result {
        seal.run(&self.roots, &self.clock)
    }
}

impl Handler<Locate> for CryptoActor {
    type Result = MessageResult<Locate>;

    fn handle(&mut self, Locate(presented): Locate, _: &mut Self::Context) -> Self::Result {
        let Presented { token, key } = &*presented;
        let redelivery_ids =
            key.as_ref().map_or_else(Vec::new, |key| self.roots.redelivery_ids(token, key));
        MessageResult(Located { candidates: self.roots.locate(token), redelivery_ids })
    }
}

impl Handler<Open> for CryptoActor {
    type Result = Result<Plaintext, FormatError>;

    fn handle(&mut self, open: Open, _: &mut Self::Context) -> Self::Result {
        open.run(&self.roots)
    }
}

/// A handle to a [`CryptoActor`] and to the pools for heavy work.
///
/// The actor's mailbox has no bound of its own: each request has at most one message in it.
pub struct Crypto {
    actor: Addr<CryptoActor>,
    roots: Arc<Roots>,
    clock: Clock,
    /// The thread pools for heavy work.
    pub pools: Pools,
}

impl Crypto {
    /// Starts an actor on this thread.
    pub fn start(roots: Arc<Roots>, clock: Clock, pools: Pools, lifeline: Lifeline) -> Self {
        let actor = CryptoActor::create(|context| {
            context.set_mailbox_capacity(0);
            CryptoActor { roots: Arc::clone(&roots), clock: clock.clone(), _lifeline: lifeline }
        });
        Self { actor, roots, clock, pools }
    }

    /// Generates a token and seals a content under it.
    ///
    /// # Errors
    ///
    /// [`CryptoError`], except `Lost`.
    pub async fn seal(&self, seal: Seal) -> Result<Sealed, CryptoError> {
        let pool = match &seal {
            Seal { passphrase: Some(_), .. } => &self.pools.create,
            Seal { content, .. } if content.expose_bytes().len() > LARGE_BYTES => &self.pools.large,
            _ => return Ok(self.actor.send(seal).await??),
        };
        let (roots, clock) = (Arc::clone(&self.roots), self.clock.clone());
        Ok(pool.run(move || seal.run(&roots, &clock)).await??)
    }

    /// Derives the token and receipt of an earlier creation again; `None` if that was a different
    /// request.
    pub fn recall(&self, retry: &Retry, creation: &Creation) -> Option<Issued> {
        self.roots.reissue(retry, creation)
    }

    /// Derives the ids that a receipt may be stored under, the current secret key's first.
    pub fn locate_receipt(&self, receipt: &Receipt) -> Vec<ReceiptId> {
        self.roots.locate_receipt(receipt)
    }

    /// Derives the ids that a secret may be stored under.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Ended`].
    pub async fn locate(&self, presented: &Arc<Presented>) -> Result<Located, CryptoError> {
        Ok(self.actor.send(Locate(Arc::clone(presented))).await?)
    }

    /// Stretches a passphrase.
    ///
    /// # Errors
    ///
    /// [`CryptoError`], except `Lost`.
    pub async fn prove(&self, prove: Prove) -> Result<Proven, CryptoError> {
        let roots = Arc::clone(&self.roots);
        Ok(self.pools.reveal.run(move || prove.run(&roots)).await??)
    }

    /// Opens a secret that was taken. The store has deleted it by now, so this waits for a thread and is
    /// never refused.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Lost`] and [`CryptoError::Format`].
    pub async fn open(&self, open: Open) -> Result<Plaintext, CryptoError> {
        if open.secret.ciphertext.len() <= LARGE_BYTES {
            return Ok(self.actor.send(open).await.map_err(|_ended| CryptoError::Lost)??);
        }
        let roots = Arc::clone(&self.roots);
        let opened = self.pools.large.run(move || open.run(&roots)).await;
        Ok(opened.map_err(|_panicked| CryptoError::Lost)??)
    }
}
