//! The service's secret keys, as opaque values: only the format looks into them.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of a [`KeyId`].
pub const KEY_ID_BYTES: usize = 4;

/// A configured `SECRET_KEY`. Wiped on drop; `Debug` shows nothing of it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    /// The key made of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the derivation of keys.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// The secret keys a server works with: new secrets use the current one, old ones are found under
/// any of them.
#[derive(Debug)]
pub struct SecretKeys {
    /// What new secrets are sealed under.
    pub current: SecretKey,
    /// What older secrets may be sealed under, newest first.
    pub previous: Vec<SecretKey>,
}

/// Names the secret key a secret was sealed under: 4 bytes derived from it, by which keys are told
/// apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId([u8; KEY_ID_BYTES]);

impl KeyId {
    /// The id made of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, as the store keeps them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_ID_BYTES] {
        &self.0
    }
}
