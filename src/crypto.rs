//! The [`CryptoActor`], which alone holds key material, and the [`Crypto`] handle that HTTP
//! handlers send to. Contents go in and come out; roots and sealing keys never do.
//!
//! Each HTTP worker has one on its own thread: what it does takes microseconds, and a hop to
//! another thread would cost more.

use std::sync::Arc;

use actix::prelude::*;

use crate::call::{self, Call, CallError};
use crate::clock::Timestamp;
use crate::seal::{OpenError, Roots};
use crate::secret::{Plaintext, SealedSecret};
use crate::token::{LookupId, Token};

/// Makes a token and seals a content under it.
#[derive(Message)]
#[rtype(result = "Result<(Token, SealedSecret), SealError>")]
pub struct Seal {
    /// What is confided.
    pub content: Plaintext,
    /// When it is to be gone.
    pub expires_at: Timestamp,
}

/// Finds the ids a token may be stored under, the current key's first.
#[derive(Message)]
#[rtype(result = "(Token, Vec<LookupId>)")]
pub struct Locate {
    /// The token; it comes back with the answer.
    pub token: Token,
}

/// Opens what was taken from the store.
#[derive(Message)]
#[rtype(result = "Result<Plaintext, OpenError>")]
pub struct Open {
    /// The token it was sealed under.
    pub token: Token,
    /// The secret, as it was stored.
    pub sealed: SealedSecret,
}

/// Why a content was not sealed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct SealError(#[from] getrandom::Error);

/// Why the crypto actor has no good answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum CryptoError {
    /// It did not run.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Opening failed.
    #[error("the secret does not open")]
    Open(#[from] OpenError),
}

/// Seals, locates and opens.
pub struct CryptoActor {
    roots: Arc<Roots>,
}

impl CryptoActor {
    /// Starts one on this thread, for at most `mailbox` waiting messages.
    #[must_use]
    pub fn start(roots: Arc<Roots>, mailbox: usize) -> Crypto {
        let actor = Self::create(|context| {
            context.set_mailbox_capacity(mailbox);
            Self { roots }
        });
        Crypto { seal: actor.clone().into(), locate: actor.clone().into(), open: actor.into() }
    }
}

impl Actor for CryptoActor {
    type Context = Context<Self>;
}

impl Handler<Call<Seal>> for CryptoActor {
    type Result = ();

    fn handle(&mut self, call: Call<Seal>, _: &mut Self::Context) {
        call.answer_with(|Seal { content, expires_at }| {
            let token = Token::generate()?;
            let sealed = self.roots.seal(&token, &content, expires_at);
            Ok((token, sealed))
        });
    }
}

impl Handler<Call<Locate>> for CryptoActor {
    type Result = ();

    fn handle(&mut self, call: Call<Locate>, _: &mut Self::Context) {
        call.answer_with(|Locate { token }| {
            let candidates = self.roots.locate(&token);
            (token, candidates)
        });
    }
}

impl Handler<Call<Open>> for CryptoActor {
    type Result = ();

    fn handle(&mut self, call: Call<Open>, _: &mut Self::Context) {
        call.answer_with(|Open { token, sealed }| self.roots.open(&token, sealed));
    }
}

/// The way to a [`CryptoActor`].
#[derive(Clone)]
pub struct Crypto {
    seal: Recipient<Call<Seal>>,
    locate: Recipient<Call<Locate>>,
    open: Recipient<Call<Open>>,
}

impl Crypto {
    /// A new token, and the content sealed under it.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Call`] and [`CryptoError::Seal`].
    pub async fn seal(&self, message: Seal) -> Result<(Token, SealedSecret), CryptoError> {
        Ok(call::ask(&self.seal, message).await??)
    }

    /// The token again, and the ids it may be stored under.
    ///
    /// # Errors
    ///
    /// [`CryptoError::Call`].
    pub async fn locate(&self, token: Token) -> Result<(Token, Vec<LookupId>), CryptoError> {
        Ok(call::ask(&self.locate, Locate { token }).await?)
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
