//! The [`CryptoActor`] and the [`Crypto`] handle that HTTP handlers send to, which alone hold key
//! material. Contents go in and come out; roots and sealing keys never do.
//!
//! Each HTTP worker has an actor on its own thread: what it does takes microseconds, and a hop to
//! another thread would cost more. Passphrases alone take a core for about a tenth of a second and
//! 64 MiB: they are stretched on threads apart, of which creations and reveals have their own
//! [`Shares`], so that a flood of the ones leaves the others alone.

mod share;

use std::sync::Arc;

use actix::prelude::*;

use crate::call::{self, Call, CallError};
use crate::clock::Timestamp;
use crate::id::{ClaimId, LookupId, ReceiptId, Verifier};
use crate::key::KeyId;
use crate::passphrase::{Passphrase, PassphraseKey, WrappedKey};
use crate::repeat::{Creation, IdempotencyKey};
use crate::seal::{Issued, OpenError, Retry, Roots};
use crate::secret::{Deposit, NewSecret, Plaintext, SealedSecret};
use crate::token::{Receipt, Token};
use share::Share;

/// Makes a token and seals a content under it.
#[derive(Message)]
#[rtype(result = "Result<Sealed, SealError>")]
pub struct Seal {
    /// What is confided, and on which terms.
    pub deposit: Deposit,
    /// When it is to be gone.
    pub expires_at: Timestamp,
    /// What a retry is recognised by, if its sender may retry it.
    pub key: Option<IdempotencyKey>,
}

/// What came of a [`Seal`].
pub struct Sealed {
    /// For the sender.
    pub issued: Issued,
    /// For the store.
    pub secret: NewSecret,
    /// For a [`Recall`], if the store says that this was asked for before.
    pub retry: Option<Retry>,
}

/// Finds what a creation got that is being retried: nothing if it was another request.
#[derive(Message)]
#[rtype(result = "Option<Issued>")]
pub struct Recall {
    /// What is asked for now.
    pub retry: Retry,
    /// What was asked for before.
    pub creation: Creation,
}

/// Finds the ids a secret may be stored under.
#[derive(Message)]
#[rtype(result = "Located")]
pub struct Locate {
    /// Its token.
    pub token: Token,
    /// The key with which it may be asked for again, if there is one.
    pub key: Option<IdempotencyKey>,
}

/// What came of a [`Locate`]. The current secret key's ids come first.
pub struct Located {
    /// The token again.
    pub token: Token,
    /// The key again.
    pub key: Option<IdempotencyKey>,
    /// What the secret may be stored under.
    pub candidates: Vec<LookupId>,
    /// What it may be kept under for a repeat; none without a key.
    pub claims: Vec<ClaimId>,
}

/// Finds the ids a receipt may be stored under, the current secret key's first.
#[derive(Message)]
#[rtype(result = "Vec<ReceiptId>")]
pub struct LocateReceipt {
    /// The receipt.
    pub receipt: Receipt,
}

/// Stretches a passphrase.
pub struct Prove {
    /// The token it goes with.
    pub token: Token,
    /// The secret key that the row names.
    pub key_id: KeyId,
    /// The passphrase.
    pub passphrase: Passphrase,
    /// The key with which the secret may be asked for again, if there is one.
    pub key: Option<IdempotencyKey>,
}

/// What came of a [`Prove`].
pub struct Proven {
    /// The token again.
    pub token: Token,
    /// The key again.
    pub key: Option<IdempotencyKey>,
    /// What the store compares.
    pub verifier: Verifier,
    /// What the secret opens with.
    pub passphrase_key: PassphraseKey,
    /// The same, for a repeat; none without a key.
    pub wrapped_key: Option<WrappedKey>,
}

/// Opens what was taken from the store.
#[derive(Message)]
#[rtype(result = "Result<Plaintext, OpenError>")]
pub struct Open {
    /// The token it was sealed under.
    pub token: Token,
    /// The secret, as it was stored.
    pub sealed: SealedSecret,
    /// What came of its passphrase, if it has one.
    pub passphrase: Option<Unlock>,
}

/// What a secret with a passphrase opens with beside its token.
pub enum Unlock {
    /// What the passphrase was stretched to.
    Key(PassphraseKey),
    /// The same as it was wrapped for a repeat, and the key of that.
    Wrapped(WrappedKey, IdempotencyKey),
}

/// Why a content was not sealed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct SealError(#[from] getrandom::Error);

/// Why there is no good answer.
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

impl Seal {
    fn run(self, roots: &Roots) -> Result<Sealed, SealError> {
        let Self { deposit, expires_at, key } = self;
        let retry = key.map(|key| Retry::new(&key, &deposit));
        let (issued, creation) = match &retry {
            None => (Issued::generate(deposit.wants_receipt)?, None),
            Some(retry) => {
                let (issued, creation) = roots.issue(retry)?;
                (issued, Some(creation))
            }
        };
        let secret = NewSecret { creation, ..roots.seal(&issued, &deposit, expires_at) };
        Ok(Sealed { issued, secret, retry })
    }
}

impl Locate {
    fn run(self, roots: &Roots) -> Located {
        let Self { token, key } = self;
        let claims = key.as_ref().map_or_else(Vec::new, |key| roots.claim_ids(&token, key));
        Located { candidates: roots.locate(&token), claims, token, key }
    }
}

impl Prove {
    fn run(self, roots: &Roots) -> Result<Proven, OpenError> {
        let Self { token, key_id, passphrase, key } = self;
        let proof = roots.prove(&token, key_id, &passphrase)?;
        let wrap = |key| roots.wrap(&token, key_id, key, &proof.passphrase_key);
        let wrapped_key = key.as_ref().map(wrap).transpose()?;
        let (verifier, passphrase_key) = (proof.verifier, proof.passphrase_key);
        Ok(Proven { token, key, verifier, passphrase_key, wrapped_key })
    }
}

impl Open {
    fn run(self, roots: &Roots) -> Result<Plaintext, OpenError> {
        let Self { token, sealed, passphrase } = self;
        let passphrase_key = match passphrase {
            None => None,
            Some(Unlock::Key(key)) => Some(key),
            Some(Unlock::Wrapped(wrapped, key)) => {
                Some(roots.unwrap(&token, sealed.key_id, &key, wrapped)?)
            }
        };
        roots.open(&token, sealed, passphrase_key.as_ref())
    }
}

/// Seals, locates and opens.
pub struct CryptoActor {
    roots: Arc<Roots>,
}

impl CryptoActor {
    /// Starts one on this thread, for at most `mailbox` waiting messages.
    #[must_use]
    pub fn start(roots: Arc<Roots>, shares: Shares, mailbox: usize) -> Crypto {
        let actor = Self::create(|context| {
            context.set_mailbox_capacity(mailbox);
            Self { roots: Arc::clone(&roots) }
        });
        Crypto {
            seal: actor.clone().into(),
            recall: actor.clone().into(),
            locate: actor.clone().into(),
            locate_receipt: actor.clone().into(),
            open: actor.into(),
            roots,
            shares,
        }
    }
}

impl Actor for CryptoActor {
    type Context = Context<Self>;
}

/// Messages that the actor runs as they are.
macro_rules! handlers {
    ($($message:ty => $run:expr;)*) => { $(
        impl Handler<Call<$message>> for CryptoActor {
            type Result = ();

            fn handle(&mut self, call: Call<$message>, _: &mut Self::Context) {
                call.answer_with(|message| $run(message, &self.roots));
            }
        }
    )* };
}

handlers! {
    Seal => Seal::run;
    Recall => |Recall { retry, creation }, roots: &Roots| roots.reissue(&retry, &creation);
    Locate => Locate::run;
    LocateReceipt => |LocateReceipt { receipt }, roots: &Roots| roots.locate_receipt(&receipt);
    Open => Open::run;
}

/// How much of the machine passphrases may take. Clones are the same shares.
#[derive(Clone)]
pub struct Shares {
    create: Share,
    reveal: Share,
}

impl Shares {
    /// So many threads for creations and as many for reveals, and so many of each that wait.
    #[must_use]
    pub fn new(threads: usize, queue: usize) -> Self {
        Self { create: Share::new(threads, queue), reveal: Share::new(threads, queue) }
    }
}

/// The way to a [`CryptoActor`], and to the threads for passphrases.
#[derive(Clone)]
pub struct Crypto {
    seal: Recipient<Call<Seal>>,
    recall: Recipient<Call<Recall>>,
    locate: Recipient<Call<Locate>>,
    locate_receipt: Recipient<Call<LocateReceipt>>,
    open: Recipient<Call<Open>>,
    roots: Arc<Roots>,
    shares: Shares,
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
        let roots = Arc::clone(&self.roots);
        Ok(self.shares.create.run(move || message.run(&roots)).await??)
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
    /// [`CryptoError::Call`], and [`CryptoError::Open`] if the secret key is not configured.
    pub async fn prove(&self, message: Prove) -> Result<Proven, CryptoError> {
        let roots = Arc::clone(&self.roots);
        Ok(self.shares.reveal.run(move || message.run(&roots)).await??)
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
