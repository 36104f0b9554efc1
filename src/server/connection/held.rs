//! What a connection holds back: bytes that have arrived and are not wanted yet. There can be secrets in
//! them, so they are never moved to other memory, and what is taken is wiped at once.

use zeroize::{Zeroize as _, Zeroizing};

/// Bytes that are held back at most.
const HELD: usize = 8_192;

/// The bytes. They take memory while there are any.
#[derive(Debug, Default)]
pub(super) struct Held(Zeroizing<Vec<u8>>);

impl Held {
    /// The bytes in the order in which they came.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many more there is room for.
    pub(super) fn room(&self) -> usize {
        HELD - self.0.len()
    }

    /// Takes over all of `bytes`, for which there must be room, and wipes them where they were.
    pub(super) fn push(&mut self, bytes: &mut [u8]) {
        if !bytes.is_empty() {
            let room = self.room();
            self.0.reserve_exact(room);
            self.0.extend_from_slice(bytes);
            bytes.zeroize();
        }
    }

    /// Wipes the first `count` bytes, and closes up.
    pub(super) fn wipe(&mut self, count: usize) {
        let rest = self.0.len() - count;
        self.0.copy_within(count.., 0);
        self.0[rest..].zeroize();
        self.0.truncate(rest);
        if rest == 0 {
            // All of its memory is wiped by now.
            *self.0 = Vec::new();
        }
    }

    /// Wipes all.
    pub(super) fn clear(&mut self) {
        self.wipe(self.0.len());
    }
}
