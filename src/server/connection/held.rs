//! Input that arrived before it is wanted. It can contain secrets, so the buffer never reallocates, and
//! bytes are wiped as soon as they are taken.

use zeroize::{Zeroize as _, Zeroizing};

/// Bytes held at most.
const CAPACITY: usize = 8_192;

/// Held bytes. An empty buffer takes no memory.
#[derive(Debug, Default)]
pub(super) struct Held(Zeroizing<Vec<u8>>);

impl Held {
    /// The bytes in order of arrival.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many more bytes fit.
    pub(super) fn remaining(&self) -> usize {
        CAPACITY - self.0.len()
    }

    /// Moves all of `bytes` here and wipes the original. They must fit into [`Self::remaining`].
    pub(super) fn push(&mut self, bytes: &mut [u8]) {
        if !bytes.is_empty() {
            let remaining = self.remaining();
            self.0.reserve_exact(remaining);
            self.0.extend_from_slice(bytes);
            bytes.zeroize();
        }
    }

    /// Wipes and removes the first `count` bytes.
    pub(super) fn wipe(&mut self, count: usize) {
        let rest = self.0.len() - count;
        self.0.copy_within(count.., 0);
        self.0[rest..].zeroize();
        self.0.truncate(rest);
        if rest == 0 {
            // All of its memory is wiped by now: free it.
            *self.0 = Vec::new();
        }
    }

    /// Wipes and removes all bytes.
    pub(super) fn clear(&mut self) {
        self.wipe(self.0.len());
    }
}
