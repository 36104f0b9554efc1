//! The service's secret keys, as opaque values: only the sealed format uses their bytes.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::id::opaque;

/// A configured `SECRET_KEY`. Wiped on drop; `Debug` shows nothing of it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    /// The key with these bytes.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the derivation of keys.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }
}

opaque!(SecretKey);

/// The secret keys of a server. New secrets are sealed under the current key; a secret can be opened
/// under any of the keys.
#[derive(Debug)]
pub struct SecretKeys {
    /// The key for new secrets.
    pub current: SecretKey,
    /// Keys of older secrets, newest first.
    pub previous: Vec<SecretKey>,
}
