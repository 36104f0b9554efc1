//! What the store knows things by: 16 bytes each, derived from what a caller holds and a secret
//! key. Nothing of either can be recovered from them, and no guess be tested without the other.

use std::fmt;

/// Bytes of each of these ids.
pub const ID_BYTES: usize = 16;

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
    /// What a secret is stored under: derived from its token.
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
