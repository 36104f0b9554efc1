//! How much input a connection passes on to actix-http: at most one request, and a body on demand.

use std::io;
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;

use super::{Connection, Stream};
use crate::http::connection::{AnnouncedBody, Phase};

/// Bytes that actix-http may read between two pauses.
const BURST: usize = 2_048;
/// The same, of a body whose length is known.
const BODY_BURST: usize = 16_384;
impl<S: Stream> Connection<S> {
    /// How many more bytes the reader may have before it pauses.
    pub(super) fn budget(&self) -> usize {
        let burst = match self.requests.phase() {
            _ if self.is_blocked => 0,
            Phase::Running(_) | Phase::Over => 0,
            Phase::Reading(AnnouncedBody::Sized(length) | AnnouncedBody::Upgrade(length)) => {
                length.min(BODY_BURST)
            }
            Phase::Idle(_) | Phase::Head(_) | Phase::Reading(AnnouncedBody::Chunked) => BURST,
        };
        burst.saturating_sub(self.passed)
    }

    /// Whether a complete head, or the rest of a body of known length, was passed on: the bytes after
    /// it wait.
    pub(super) fn is_complete(&self) -> bool {
        match self.requests.phase() {
            Phase::Reading(body) => body.length() == Some(0),
            _ => self.passed == usize::MAX,
        }
    }

    /// Passes on at most `budget` bytes, the held ones first.
    pub(super) fn poll_input(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        budget: usize,
    ) -> Poll<io::Result<()>> {
        let budget = budget.min(buffer.remaining());
        let count = if self.held.bytes().is_empty() {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(budget));
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
            let count = self.up_to_boundary(part.filled());
            self.held.push(&mut part.filled_mut()[count..]);
            buffer.advance(count);
            count
        } else {
            let held = mem::take(&mut self.held);
            let count = self.up_to_boundary(&held.bytes()[..budget.min(held.bytes().len())]);
            buffer.put_slice(&held.bytes()[..count]);
            self.held = held;
            self.held.wipe(count);
            count
        };
        if count > 0 {
            self.requests.note_bytes(count);
        }
        Poll::Ready(Ok(()))
    }

    /// How many of `bytes` to pass on: up to the next boundary, where the reader must pause.
    fn up_to_boundary(&mut self, bytes: &[u8]) -> usize {
        let end = match self.requests.phase() {
            Phase::Reading(AnnouncedBody::Chunked) => self.boundary.find(bytes, true),
            Phase::Reading(_) => None,
            _ => self.boundary.find(bytes, false),
        };
        self.passed = if end.is_some() { usize::MAX } else { self.passed + bytes.len() };
        end.unwrap_or(bytes.len())
    }

    /// Reads from the socket into the `Held` buffer, to notice whether the client has closed the
    /// connection. If so, the reader sees the end of input: the running request is dropped, and no held
    /// request is started.
    pub(super) fn poll_disconnect(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.held.remaining() > 0 {
            let mut bytes = [MaybeUninit::uninit(); BURST];
            let mut part = ReadBuf::uninit(&mut bytes[..BURST.min(self.held.remaining())]);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
            if part.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.held.push(part.filled_mut());
        }
        if self.stream.has_gone()? { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}
