//! A growing buffer that leaves no unwiped copy behind.

use std::io;

use zeroize::Zeroizing;

/// A buffer that is wiped on drop, and whose old allocation is wiped when it grows.
#[derive(Default)]
pub struct WipedBytes(Zeroizing<Vec<u8>>);

impl WipedBytes {
    /// The capacity, in bytes.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Moves the bytes to an allocation of at least `capacity` bytes.
    pub fn grow(&mut self, capacity: usize) {
        let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
        larger.extend_from_slice(&self.0);
        self.0 = larger;
    }

    /// Appends `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            self.grow(needed.next_power_of_two());
        }
        self.0.extend_from_slice(bytes);
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

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
