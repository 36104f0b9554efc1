//! What is asked of the actor and of the threads for heavy work, and doing it.

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

/// Makes a token and seals a content under it.
#[derive(Message)]
#[rtype(result = "Result<Sealed, FormatError>")]
pub struct Seal {
    /// The content.
    pub content: Plaintext,
    /// How long the secret is to live, from when its turn comes.
    pub time_to_live: TimeToLive,
    /// The passphrase that is needed beside the token, if any.
    pub passphrase: Option<Passphrase>,
    /// Whether the sender wants a receipt.
    pub wants_receipt: bool,
    /// Recognises a retry of this creation, if its sender may retry it.
    pub key: Option<IdempotencyKey>,
}

/// What came of a [`Seal`].
pub struct Sealed {
    /// For the sender.
    pub issued: Issued,
    /// For the store.
    pub create: Create,
    /// For [`Crypto::recall`](super::Crypto::recall), if the store says that this was asked for before.
    pub retry: Option<Retry>,
}

/// What a viewer presents. It is shared by the messages of a view.
#[derive(Debug)]
pub struct Presented {
    /// The token.
    pub token: Token,
    /// The key with which the secret may be asked for again, if there is one.
    pub key: Option<IdempotencyKey>,
}

/// Finds the ids that a secret may be stored under.
#[derive(Message)]
#[rtype(result = "Located")]
pub struct Locate(pub Arc<Presented>);

/// What came of a [`Locate`]. The current secret key's ids come first.
pub struct Located {
    /// What the secret may be stored under.
    pub candidates: Vec<LookupId>,
    /// What it may be kept under for a repeat; none without a key.
    pub redelivery_ids: Vec<RedeliveryId>,
}

/// Stretches a passphrase.
pub struct Prove {
    /// What the viewer presents beside it.
    pub presented: Arc<Presented>,
    /// The secret key that the row names.
    pub key_id: KeyId,
    /// The passphrase.
    pub passphrase: Passphrase,
}

/// What came of a [`Prove`].
pub struct Proven {
    /// For the store.
    pub proof: Proof,
    /// Opens the secret, beside the token.
    pub passphrase_key: PassphraseKey,
}

/// Opens what was taken from the store.
#[derive(Message)]
#[rtype(result = "Result<Plaintext, FormatError>")]
pub struct Open {
    /// What the viewer presents.
    pub presented: Arc<Presented>,
    /// The secret, as it was stored.
    pub secret: SealedSecret,
    /// What opens it beside the token, if it has a passphrase.
    pub unlock: Option<Unlock>,
}

/// What a secret with a passphrase opens with beside its token.
pub enum Unlock {
    /// What the passphrase was stretched to.
    Key(PassphraseKey),
    /// The same as it was wrapped for a repeat.
    Wrapped(WrappedKey),
}

impl Seal {
    pub(super) fn run(self, roots: &Roots, clock: &Clock) -> Result<Sealed, FormatError> {
        let expires_at = clock.now().plus(self.time_to_live.duration);
        let retry = Retry::of(&self);
        let (issued, creation) = match &retry {
            None => (Issued::generate(expires_at, self.wants_receipt)?, None),
            Some(retry) => {
                let (issued, creation) = roots.issue(retry, expires_at)?;
                (issued, Some(creation))
            }
        };
        let create = roots.seal(&issued, &self.content, self.passphrase.as_ref())?;
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
