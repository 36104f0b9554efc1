//! How long the disk takes to make a little durable: no request that waits for it can be faster.

use std::io::Write as _;
use std::time::Instant;

use hdrhistogram::Histogram;
use tempfile::NamedTempFile;

use crate::Outcome;
use crate::common::times::histogram;

/// What is appended before each sync.
const LITTLE: [u8; 1_024] = [b'x'; 1_024];

/// A file in the file system that the stores lie in.
pub(crate) struct Disk(NamedTempFile);

impl Disk {
    pub(crate) fn new() -> Outcome<Self> {
        Ok(Self(NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR"))?))
    }

    /// Appends and syncs so many times (`fdatasync`); returns how long each took, in nanoseconds.
    pub(crate) fn sync(&mut self, count: u64) -> Outcome<Histogram<u64>> {
        let mut times = histogram()?;
        for _sync in 0..count {
            let started = Instant::now();
            self.0.write_all(&LITTLE)?;
            self.0.as_file().sync_data()?;
            times.saturating_record(u64::try_from(started.elapsed().as_nanos())?);
        }
        Ok(times)
    }
}
