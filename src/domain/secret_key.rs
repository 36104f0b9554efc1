//! The service's secret keys, as opaque values: only the format looks into them.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::id::opaque;

/// A configured `SECRET_KEY`. Wiped on drop; `Debug` shows nothing of it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    /// The key made of these bytes.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the derivation of keys.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }
}

opaque!(SecretKey);

/// The secret keys a server works with: new secrets use the current one, old ones are found under
/// any of them.
#[derive(Debug)]
pub struct SecretKeys {
    /// What new secrets are sealed under.
    pub current: SecretKey,
    /// What older secrets may be sealed under, newest first.
    pub previous: Vec<SecretKey>,
}
