//! The time of a small `fdatasync`: a request that waits for the disk cannot be faster.

use std::io::Write as _;
use std::time::Instant;

use hdrhistogram::Histogram;
use tempfile::NamedTempFile;

use crate::Outcome;
use crate::common::times::histogram;

/// Appended before each sync.
const PAYLOAD: [u8; 1_024] = [b'x'; 1_024];

/// A file on the file system of the measured stores.
pub(crate) struct Disk(NamedTempFile);

impl Disk {
    pub(crate) fn new() -> Outcome<Self> {
        Ok(Self(NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR"))?))
    }

    /// Appends and calls `fdatasync` `count` times. Returns the durations in nanoseconds.
    pub(crate) fn sync(&mut self, count: u64) -> Outcome<Histogram<u64>> {
        let mut times = histogram()?;
        for _sync in 0..count {
            let started = Instant::now();
            self.0.write_all(&PAYLOAD)?;
            self.0.as_file().sync_data()?;
            times.saturating_record(u64::try_from(started.elapsed().as_nanos())?);
        }
        Ok(times)
    }
}
