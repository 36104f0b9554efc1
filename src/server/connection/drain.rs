//! Draining: reading and discarding the input that remains, before the socket is closed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::time::{Sleep, sleep};

use super::{SendProgress, Stream};
use crate::runtime::wiped::wipe;

const READ_SIZE: usize = 16_384;
/// Reads in one poll at most: 1 MiB.
const READS: usize = 64;

/// The remaining input of a connection.
#[derive(Debug)]
pub(super) struct Drain {
    linger: Duration,
    /// Whether the client has sent more than its last request, or may do so.
    expects_input: bool,
    /// Made when the connection closes.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Drain {
    /// Waits for `linger` at a time for the client to take the last answer.
    pub(super) const fn new(linger: Duration) -> Self {
        Self { linger, expects_input: false, timer: None }
    }

    /// Records that input may follow the last request.
    pub(super) const fn expect_input(&mut self) {
        self.expects_input = true;
    }

    /// Discards pending input, at most 1 MiB a poll so that a fast sender cannot starve other
    /// connections. Ready at the end of input.
    pub(super) fn poll_discard(
        &mut self,
        context: &mut Context<'_>,
        stream: &mut impl Stream,
    ) -> Poll<()> {
        let mut bytes = [0; READ_SIZE];
        for _ in 0..READS {
            let mut part = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut *stream).poll_read(context, &mut part));
            if read.is_err() || part.filled().is_empty() {
                return Poll::Ready(());
            }
            wipe(part.filled_mut());
            self.expects_input = true;
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Ready when the socket may be closed: at the end of input, at once if no input is expected, or
    /// when the linger time is over and no answer is in flight.
    pub(super) fn poll_close(
        &mut self,
        context: &mut Context<'_>,
        stream: &mut impl Stream,
        progress: &mut SendProgress,
    ) -> Poll<io::Result<()>> {
        if self.poll_discard(context, stream).is_ready() || !self.expects_input {
            return Poll::Ready(Ok(()));
        }
        let linger = self.linger;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(linger)));
        ready!(timer.as_mut().poll(context));
        if !progress.check(stream)? {
            return Poll::Ready(Ok(()));
        }
        self.timer = None;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
