//! Input that arrived before it is wanted. It can contain secrets, so bytes are wiped as soon as they are
//! taken.

use crate::runtime::wiped::{WipedBytes, wipe};

/// Bytes held at most.
const CAPACITY: usize = 8_192;

/// Held bytes. An empty buffer takes no memory.
#[derive(Debug, Default)]
pub(super) struct Held(WipedBytes);

impl Held {
    /// The bytes in order of arrival.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_ref()
    }

    /// How many more bytes fit.
    pub(super) fn remaining(&self) -> usize {
        CAPACITY - self.bytes().len()
    }

    /// Moves all of `bytes` here and wipes the original. They must fit into [`Self::remaining`].
    pub(super) fn push(&mut self, bytes: &mut [u8]) {
        if !bytes.is_empty() {
            self.0.push(bytes);
            wipe(bytes);
        }
    }

    /// Wipes and removes the first `count` bytes.
    pub(super) fn wipe(&mut self, count: usize) {
        if count == self.bytes().len() {
            self.clear();
        } else {
            self.0.remove(count);
        }
    }

    /// Wipes and removes all bytes, and frees their memory.
    pub(super) fn clear(&mut self) {
        self.0 = WipedBytes::default();
    }
}
