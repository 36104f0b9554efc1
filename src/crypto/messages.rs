//! The messages to the actor and to the pools for heavy work, and how each is processed.

use std::sync::Arc;

use actix::prelude::*;

use super::format::{FormatError, Issued, Retry, Roots};
use crate::domain::clock::Clock;
use crate::domain::id::{KeyId, LookupId, RedeliveryId};
use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::passphrase::{Passphrase, PassphraseKey, WrappedKey};
use crate::domain::secret::{Plaintext, SealedSecret};
use crate::domain::time_to_live::TimeToLive;
use crate::domain::token::Token;
use crate::store::{Create, Proof};

/// Generates a token and seals a content under it.
#[derive(Message)]
#[rtype(result = "Result<Sealed, FormatError>")]
pub struct Seal {
    /// The content.
    pub content: Plaintext,
    /// How long the secret lives, counted from the start of sealing.
    pub time_to_live: TimeToLive,
    /// The passphrase that is needed in addition to the token, if any.
    pub passphrase: Option<Passphrase>,
    /// Whether the sender wants a receipt.
    pub wants_receipt: bool,
    /// The idempotency key, if the sender may retry this creation.
    pub key: Option<IdempotencyKey>,
}

/// The result of a [`Seal`].
pub struct Sealed {
    /// For the sender.
    pub issued: Issued,
    /// For the store.
    pub create: Create,
    /// For [`Crypto::recall`](super::Crypto::recall), if the store knows this creation already.
    pub retry: Option<Retry>,
}

/// A viewer's credentials. The messages of one view share them.
#[derive(Debug)]
pub struct Presented {
    /// The token.
    pub token: Token,
    /// The idempotency key, if the viewer may repeat the request.
    pub key: Option<IdempotencyKey>,
}

/// Derives the ids that a secret may be stored under.
#[derive(Message)]
#[rtype(result = "Located")]
pub struct Locate(pub Arc<Presented>);

/// The result of a [`Locate`]. The current secret key's ids come first.
pub struct Located {
    /// The ids that the secret may be stored under.
    pub candidates: Vec<LookupId>,
    /// The ids that it may be kept under for redelivery; empty without an idempotency key.
    pub redelivery_ids: Vec<RedeliveryId>,
}

/// Stretches a passphrase.
pub struct Prove {
    /// The viewer's other credentials.
    pub presented: Arc<Presented>,
    /// The secret key that the stored secret names.
    pub key_id: KeyId,
    /// The passphrase.
    pub passphrase: Passphrase,
}

/// The result of a [`Prove`].
pub struct Proven {
    /// For the store.
    pub proof: Proof,
    /// Opens the secret, together with the token.
    pub passphrase_key: PassphraseKey,
}

/// Opens a secret that was taken from the store.
#[derive(Message)]
#[rtype(result = "Result<Plaintext, FormatError>")]
pub struct Open {
    /// The viewer's credentials.
    pub presented: Arc<Presented>,
    /// The secret, as it was stored.
    pub secret: SealedSecret,
    /// The passphrase key, if the secret has a passphrase.
    pub unlock: Option<Unlock>,
}

/// The key of a secret with a passphrase, which opens it together with its token.
pub enum Unlock {
    /// The key that the passphrase was stretched to.
    Key(PassphraseKey),
    /// The same key, wrapped for redelivery.
    Wrapped(WrappedKey),
}

impl Seal {
    pub(super) fn run(self, roots: &Roots, clock: &Clock) -> Result<Sealed, FormatError> {
        let expires_at = clock.now().plus(self.time_to_live.duration);
        let retry = Retry::of(&self);
        let (issued, shred_key, creation) = match &retry {
            None => {
                let (issued, shred_key) = Issued::generate(expires_at, self.wants_receipt)?;
                (issued, shred_key, None)
            }
            Some(retry) => {
                let (issued, shred_key, creation) = roots.issue(retry, expires_at)?;
                (issued, shred_key, Some(creation))
            }
        };
        let create = roots.seal(&issued, shred_key, &self.content, self.passphrase.as_ref())?;
        Ok(Sealed { issued, create: Create { creation, ..create }, retry })
    }
}

impl Prove {
    pub(super) fn run(self, roots: &Roots) -> Result<Proven, FormatError> {
        let Self { presented, key_id, passphrase } = self;
        let Presented { token, key } = &*presented;
        let (verifier, passphrase_key) = roots.prove(token, key_id, &passphrase)?;
        let wrap = |key| roots.wrap_key(token, key_id, key, &passphrase_key);
        let wrapped_key = key.as_ref().map(wrap).transpose()?;
        Ok(Proven { proof: Proof { verifier, wrapped_key }, passphrase_key })
    }
}

impl Open {
    pub(super) fn run(self, roots: &Roots) -> Result<Plaintext, FormatError> {
        let Self { presented, secret, unlock } = self;
        let Presented { token, key } = &*presented;
        let passphrase_key = match (unlock, key) {
            (Some(Unlock::Key(key)), _) => Some(key),
            (Some(Unlock::Wrapped(wrapped)), Some(key)) => {
                Some(roots.unwrap_key(token, secret.key_id, key, wrapped)?)
            }
            _ => None,
        };
        roots.open(token, secret, passphrase_key.as_ref())
    }
}
