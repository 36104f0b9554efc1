//! The [`CryptoActor`] and the [`Crypto`] handle that HTTP handlers send to. Contents go in and come
//! out, and what a passphrase was stretched to; roots and sealing keys never leave.
//!
//! Each HTTP worker has an actor on its own thread: what it does takes microseconds, and a hop to
//! another thread would cost more. Two things take longer and run on threads apart: contents of more
//! than [`LARGE_BYTES`], and passphrases, which take a core for about a tenth of a second and 64 MiB.
//! Creations and reveals have a pool each for passphrases, so that a flood of the ones leaves the others
//! alone; large contents have one together.

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

/// Why there is no good answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum CryptoError {
    /// The work was not done on a pool. Nothing was stored or taken.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The actor has ended. Nothing was done.
    #[error("the crypto actor has ended")]
    Ended,
    /// The same, but after the secret was taken: its content is lost.
    #[error("the crypto actor has ended before it opened a secret")]
    Lost,
    /// Sealing, stretching or opening failed.
    #[error("the secret is not sealed or does not open")]
    Format(#[from] FormatError),
}

impl From<MailboxError> for CryptoError {
    fn from(_closed: MailboxError) -> Self {
        Self::Ended
    }
}

/// Seals, locates and opens.
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

/// The way to a [`CryptoActor`], and to the threads for heavy work.
///
/// The actor's mailbox has no bound of its own: each request has at most one message in it.
pub struct Crypto {
    actor: Addr<CryptoActor>,
    roots: Arc<Roots>,
    clock: Clock,
    /// The threads for heavy work.
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

    /// Makes a token, and seals a content under it.
    ///
    /// # Errors
    ///
    /// [`CryptoError`], but for `Lost`.
    pub async fn seal(&self, seal: Seal) -> Result<Sealed, CryptoError> {
        let pool = match &seal {
            Seal { passphrase: Some(_), .. } => &self.pools.create,
            Seal { content, .. } if content.expose_text().len() > LARGE_BYTES => &self.pools.large,
            _ => return Ok(self.actor.send(seal).await??),
        };
        let (roots, clock) = (Arc::clone(&self.roots), self.clock.clone());
        Ok(pool.run(move || seal.run(&roots, &clock)).await??)
    }

    /// Finds what a creation got that is being retried: nothing if it was another request.
    pub fn recall(&self, retry: &Retry, creation: &Creation) -> Option<Issued> {
        self.roots.reissue(retry, creation)
    }

    /// Finds the ids that a receipt may be stored under, the current secret key's first.
    pub fn locate_receipt(&self, receipt: &Receipt) -> Vec<ReceiptId> {
        self.roots.locate_receipt(receipt)
    }

    /// Finds the ids that a secret may be stored under.
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
    /// [`CryptoError`], but for `Lost`.
    pub async fn prove(&self, prove: Prove) -> Result<Proven, CryptoError> {
        let roots = Arc::clone(&self.roots);
        Ok(self.pools.reveal.run(move || prove.run(&roots)).await??)
    }

    /// Opens a secret that was taken. It is deleted by then, so this waits for its turn and is never
    /// refused.
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
