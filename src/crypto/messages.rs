//! What is asked of the actor and of the threads for passphrases, and doing it.

use actix::prelude::*;

use super::SealError;
use crate::clock::Clock;
use crate::id::{ClaimId, LookupId, ReceiptId, Verifier};
use crate::key::KeyId;
use crate::lifetime::Lifetime;
use crate::passphrase::{Passphrase, PassphraseKey, WrappedKey};
use crate::repeat::{Creation, IdempotencyKey};
use crate::seal::{Issued, OpenError, ProveError, Retry, Roots};
use crate::secret::{Deposit, NewSecret, Plaintext, SealedSecret};
use crate::token::{Receipt, Token};

/// Makes a token and seals a content under it.
#[derive(Message)]
#[rtype(result = "Result<Sealed, SealError>")]
pub struct Seal {
    /// What is confided, and on which terms.
    pub deposit: Deposit,
    /// How long it is to live, from when its turn comes.
    pub lifetime: Lifetime,
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

impl Seal {
    pub(super) fn run(self, roots: &Roots, clock: &Clock) -> Result<Sealed, SealError> {
        let Self { deposit, lifetime, key } = self;
        let expires_at = clock.now().plus(lifetime.as_duration());
        let retry = key.map(|key| Retry::new(&key, &deposit));
        let (issued, creation) = match &retry {
            None => (Issued::generate(expires_at, deposit.wants_receipt)?, None),
            Some(retry) => {
                let (issued, creation) = roots.issue(retry, expires_at)?;
                (issued, Some(creation))
            }
        };
        let secret = NewSecret { creation, ..roots.seal(&issued, &deposit)? };
        Ok(Sealed { issued, secret, retry })
    }
}

impl Recall {
    pub(super) fn run(self, roots: &Roots) -> Option<Issued> {
        roots.reissue(&self.retry, &self.creation)
    }
}

impl Locate {
    pub(super) fn run(self, roots: &Roots) -> Located {
        let Self { token, key } = self;
        let claims = key.as_ref().map_or_else(Vec::new, |key| roots.claim_ids(&token, key));
        Located { candidates: roots.locate(&token), claims, token, key }
    }
}

impl LocateReceipt {
    pub(super) fn run(self, roots: &Roots) -> Vec<ReceiptId> {
        roots.locate_receipt(&self.receipt)
    }
}

impl Prove {
    pub(super) fn run(self, roots: &Roots) -> Result<Proven, ProveError> {
        let Self { token, key_id, passphrase, key } = self;
        let proof = roots.prove(&token, key_id, &passphrase)?;
        let wrap = |key| roots.wrap_key(&token, key_id, key, &proof.passphrase_key);
        let wrapped_key = key.as_ref().map(wrap).transpose()?;
        let (verifier, passphrase_key) = (proof.verifier, proof.passphrase_key);
        Ok(Proven { token, key, verifier, passphrase_key, wrapped_key })
    }
}

impl Open {
    pub(super) fn run(self, roots: &Roots) -> Result<Plaintext, OpenError> {
        let Self { token, sealed, passphrase } = self;
        let passphrase_key = match passphrase {
            None => None,
            Some(Unlock::Key(key)) => Some(key),
            Some(Unlock::Wrapped(wrapped, key)) => {
                Some(roots.unwrap_key(&token, sealed.key_id, &key, wrapped)?)
            }
        };
        roots.open(&token, sealed, passphrase_key.as_ref())
    }
}
