//! Wiping at the speed of memset, and a growing buffer that leaves no unwiped copy behind.

use std::fmt;
use std::io;

use zeroize::optimization_barrier;

/// Wipes `bytes`. `Zeroize` for slices does the same, but one byte at a time.
pub fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    optimization_barrier(bytes);
}

/// Wipes and empties `bytes`, with what lies in the allocation behind their end.
pub fn wipe_vec(bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.resize(bytes.capacity(), 0);
    optimization_barrier(bytes);
    bytes.clear();
}

/// A buffer that is wiped on drop, and whose old allocation is wiped when it grows.
#[derive(Default)]
pub struct WipedBytes(Vec<u8>);

impl WipedBytes {
    /// An empty buffer with space for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// The capacity, in bytes.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Moves the bytes to an allocation of at least `capacity` bytes.
    pub fn grow(&mut self, capacity: usize) {
        let mut larger = Self::with_capacity(capacity);
        larger.0.extend_from_slice(&self.0);
        *self = larger;
    }

    /// Appends `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            self.grow(needed.next_power_of_two());
        }
        self.0.extend_from_slice(bytes);
    }

    /// Wipes and removes the first `count` bytes.
    pub fn remove(&mut self, count: usize) {
        let rest = self.0.len() - count;
        self.0.copy_within(count.., 0);
        wipe(&mut self.0[rest..]);
        self.0.truncate(rest);
    }
}

impl Drop for WipedBytes {
    fn drop(&mut self) {
        // Removed bytes are wiped already, so only these are left.
        wipe(&mut self.0);
    }
}

impl fmt::Debug for WipedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WipedBytes(…)")
    }
}

impl AsRef<[u8]> for WipedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl io::Write for WipedBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.push(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
