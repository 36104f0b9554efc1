//! The send timeout: whether the client still takes bytes of our answers.

use std::io;
use std::time::Duration;

use tokio::time::Instant;

use super::Stream;

/// Checks within one send timeout.
const CHECKS: u32 = 4;

/// How much of our answers the client had accepted at the last check.
#[derive(Debug)]
pub(super) struct SendProgress {
    timeout: Duration,
    /// Bytes that the stream has accepted.
    pub(super) written: u64,
    seen_written: u64,
    seen_unsent: u32,
    /// When a check last found one of the two changed.
    changed_at: Instant,
    /// When to check next.
    pub(super) check_at: Instant,
}

impl SendProgress {
    /// Allows `timeout` without progress.
    pub(super) fn new(timeout: Duration) -> Self {
        let (now, written) = (Instant::now(), 0);
        let check_at = now + timeout / CHECKS;
        Self { timeout, written, seen_written: 0, seen_unsent: 0, changed_at: now, check_at }
    }

    /// Whether an answer is in flight.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::TimedOut`] if the client has taken nothing of it for the send timeout.
    pub(super) fn check(&mut self, stream: &impl Stream) -> io::Result<bool> {
        let (unsent, now) = (stream.unsent()?, Instant::now());
        self.check_at = now + self.timeout / CHECKS;
        if (self.written, unsent) != (self.seen_written, self.seen_unsent) {
            (self.seen_written, self.seen_unsent, self.changed_at) = (self.written, unsent, now);
        } else if unsent > 0 && now - self.changed_at >= self.timeout {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(unsent > 0)
    }
}
