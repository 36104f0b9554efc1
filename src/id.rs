//! What the store knows things by: 16 bytes each, derived from what a caller holds and a secret
//! key. But for the expiry that a lookup id and its token begin with, nothing of either can be
//! recovered from them, and no guess be tested without the other.

use std::fmt;

use crate::clock::{INSTANT_BYTES, Timestamp};

/// Bytes of each of these ids.
pub const ID_BYTES: usize = 16;
/// Those of a lookup id that are derived.
pub const DIGEST_BYTES: usize = ID_BYTES - INSTANT_BYTES;

/// Declares ids that are alike and must not be confused.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; ID_BYTES]);

        impl $name {
            /// The id made of these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
                Self(bytes)
            }

            /// The bytes, as the store keeps them.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; ID_BYTES] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )* };
}

ids! {
    /// What a secret is stored under: derived from its token. It begins with an instant that is no
    /// later than the secret's expiry, and is that expiry unless the secret was not sealed here: who
    /// keeps secrets in the order of their ids has those that expire first in front.
    LookupId;
    /// What a receipt is stored under: derived from the receipt's own token.
    ReceiptId;
    /// What a secret is kept under for whoever took it repeatably: derived from the token and the
    /// idempotency key.
    ClaimId;
    /// What a repeatable creation is remembered by: derived from the idempotency key.
    CreationId;
    /// What tells the right passphrase from a wrong one: derived from it and the token.
    Verifier;
}

impl LookupId {
    /// The id made of these parts.
    #[must_use]
    pub fn from_parts(expires_at: Timestamp, digest: &[u8; DIGEST_BYTES]) -> Self {
        let mut id = [0; ID_BYTES];
        let (instant, rest) = id.split_at_mut(INSTANT_BYTES);
        instant.copy_from_slice(&expires_at.to_bytes());
        rest.copy_from_slice(digest);
        Self(id)
    }

    /// The instant that it begins with.
    #[must_use]
    pub fn instant(&self) -> Timestamp {
        let (instant, _digest) = self.0.split_first_chunk().unwrap_or((&[0; INSTANT_BYTES], &[]));
        Timestamp::from_bytes(*instant)
    }

    /// What stands after it.
    #[must_use]
    pub fn digest(&self) -> &[u8; DIGEST_BYTES] {
        self.0.last_chunk().unwrap_or(&[0; DIGEST_BYTES])
    }
}
