//! A client's connection, between the system and the HTTP server: it ends when it is silent for too
//! long or takes too long over the head of a request, and it hands over no more than is wanted. Never
//! does it end while a request runs or an answer is on its way, but some seconds after the service stops.
//!
//! The HTTP server times the head of the first request by itself. Of later ones it times nothing once
//! their first byte has come, and in its time of silence it cuts off what a slow reader has not taken
//! yet: so it is told to have none.
//!
//! ```text
//! a request ends ── keep_alive without a byte ─────────────▶ end
//!               └── a byte ── head without a request ──────▶ end
//! ```
//!
//! Of what has arrived the HTTP server reads up to 128 KiB, and makes all requests that it finds in it
//! before it answers the first: thousands, of which each takes a hundred times the bytes that it was
//! sent in; and it answers them as the last one wants to be answered, a reveal like a HEAD without its
//! content. So it is given a little at a time, never more than one request, and nothing while it is busy
//! but the body that the request waits for. Behind a body that nobody reads there is no further request.
//!
//! A socket that is closed with something unread in it has the system cut off what the other side has not
//! taken yet: a connection ends when there is nothing more to read, or some seconds after its last answer.

mod boundary;
mod chunks;
mod requests;
mod stream;

use std::io;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use zeroize::{Zeroize as _, Zeroizing};

use boundary::Boundary;
use chunks::Chunks;
pub use requests::{Body, Patience, ReadingBody, Requests, Running};
pub use stream::Stream;

/// Bytes that are handed over at a time.
const TURN: usize = 2_048;
/// Bytes of a body that are handed over at a time.
const TURN_OF_A_BODY: usize = 16_384;
/// So many times as much is read at a time of what nobody will want.
const TURNS_OF_A_REST: usize = 64;
/// Bytes that are kept while nobody wants them, and a turn more.
const HELD: usize = 8_192;
/// How often is looked whether the other side has gone, where so much is kept that it cannot be read.
const GLANCE: Duration = Duration::from_millis(100);

/// A connection. To its reader, its end is that the other side has closed it.
#[derive(Debug)]
pub struct Connection<S: Stream> {
    stream: S,
    patience: Patience,
    requests: Rc<Requests>,
    /// What arrived while it was not wanted.
    held: Vec<u8>,
    /// Bytes handed over since its reader last paused: its turn.
    given: usize,
    /// Where the head that is handed over ends: its turn is over there.
    boundary: Boundary,
    /// Where the chunks that are handed over end: its turn is over there, too.
    chunks: Chunks,
    /// Whether an answer waits here for room in the system.
    is_blocked: bool,
    /// Made with the first request: most of the many that a flood opens never send one.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether something was sent behind the last request.
    has_rest: bool,
    /// Made when it has ended: how long it is still there for the other side to take the answer.
    linger: Option<Pin<Box<Sleep>>>,
}

impl<S: Stream> Connection<S> {
    /// Has patience with `stream`.
    #[must_use]
    pub fn new(stream: S, patience: Patience) -> Self {
        Self {
            stream,
            patience,
            requests: Rc::default(),
            held: Vec::new(),
            given: 0,
            boundary: Boundary::default(),
            chunks: Chunks::default(),
            is_blocked: false,
            has_rest: false,
            linger: None,
            timer: None,
        }
    }

    /// Its requests.
    #[must_use]
    pub const fn requests(&self) -> &Rc<Requests> {
        &self.requests
    }

    /// Whether its patience is at an end. An answer that is on its way gives it new patience.
    fn is_over(&self) -> bool {
        let may_be = self.timer.as_ref().is_some_and(|timer| timer.is_elapsed());
        if !may_be
            || self
                .requests
                .deadline(self.patience)
                .is_none_or(|deadline| deadline > Instant::now())
        {
            return false;
        }
        let is_answering = self.stream.has_unsent().unwrap_or_default();
        if is_answering {
            self.requests.note_quiet();
        }
        !is_answering
    }

    /// Has the task woken when its patience may be at an end.
    fn watch(&mut self, context: &mut Context<'_>) {
        let glance = (self.held.len() >= HELD).then(|| Instant::now() + GLANCE);
        let Some(deadline) = self.requests.deadline(self.patience).or(glance) else { return };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // One that comes too early is harmless: it is set anew then, and not with each request.
        if timer.is_elapsed() || timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        if timer.as_mut().poll(context).is_ready() {
            context.waker().wake_by_ref();
        }
    }

    /// How many bytes its reader may have before it pauses.
    fn wanted(&self) -> usize {
        if self.is_blocked { 0 } else { self.requests.wanted().saturating_sub(self.given) }
    }

    /// Whether a head was handed over to its end: what is behind it is wanted with the answer.
    fn is_head_given(&self) -> bool {
        self.given == usize::MAX && self.requests.body().is_none()
    }

    /// Hands over at most `wanted` bytes.
    fn poll_give(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        wanted: usize,
    ) -> Poll<io::Result<()>> {
        let wanted = wanted.min(buffer.remaining());
        let count = if self.held.is_empty() {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(wanted));
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
            let count = self.end_turn(part.filled_mut());
            self.held.extend_from_slice(&part.filled()[count..]);
            buffer.advance(count);
            count
        } else {
            let mut held = mem::take(&mut self.held);
            let wanted = wanted.min(held.len());
            let count = self.end_turn(&mut held[..wanted]);
            buffer.put_slice(&held[..count]);
            self.held = held;
            self.held.drain(..count);
            count
        };
        if count > 0 {
            self.requests.note_bytes(count);
        }
        Poll::Ready(Ok(()))
    }

    /// How many of `bytes` may be handed over now: up to the end of a head or of chunks, and with that the
    /// turn ends.
    fn end_turn(&mut self, bytes: &mut [u8]) -> usize {
        let end = match self.requests.body() {
            None => self.boundary.find(bytes),
            Some(Body::Chunked) => self.chunks.find(bytes),
            Some(Body::Of(_)) => None,
        };
        self.given = if end.is_some() { usize::MAX } else { self.given + bytes.len() };
        end.unwrap_or(bytes.len())
    }

    /// Reads what nobody wants yet, to see behind it whether the other side has gone: that ends a
    /// request, and none is begun for it.
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.requests.were_the_last() {
            self.held.zeroize();
        }
        while self.held.len() < HELD {
            let mut bytes = Zeroizing::new([0; TURN]);
            let mut part = ReadBuf::new(&mut *bytes);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
            if part.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            if !self.requests.were_the_last() {
                self.held.extend_from_slice(part.filled());
            }
        }
        if self.stream.has_gone()? { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Reads what nobody will want any more, as far as it has come, and not for ever where more comes
    /// faster; is ready when it has ended. Behind a body that nobody read that was done before.
    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.requests.were_the_last() {
            return Poll::Ready(());
        }
        let mut bytes = Zeroizing::new([0; TURN_OF_A_BODY]);
        for _ in 0..TURNS_OF_A_REST {
            let mut part = ReadBuf::new(&mut *bytes);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut part));
            if read.is_err() || part.filled().is_empty() {
                return Poll::Ready(());
            }
            self.has_rest = true;
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Has it end when there is nothing more to read. Where something was sent behind the last request,
    /// that takes until the other side has closed it or had time to take the answer.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.has_rest |= !self.held.is_empty();
        if self.poll_rest(context).is_ready() || !self.has_rest {
            return Poll::Ready(Ok(()));
        }
        let time = self.patience.linger;
        let timer = self.linger.get_or_insert_with(|| Box::pin(sleep(time)));
        while timer.as_mut().poll(context).is_ready() {
            if !self.stream.has_unsent()? {
                return Poll::Ready(Ok(()));
            }
            timer.as_mut().reset(Instant::now() + time);
        }
        Poll::Pending
    }
}

impl<S: Stream> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over() {
            return Poll::Ready(Ok(()));
        }
        let polled = match self.wanted() {
            0 if self.given == 0 || self.is_head_given() => self.poll_gone(context),
            0 => {
                // It has had its turn: what it makes of that comes first.
                context.waker().wake_by_ref();
                Poll::Pending
            }
            wanted => self.poll_give(context, buffer, wanted),
        };
        if polled.is_pending() {
            self.given = 0;
            self.watch(context);
        }
        polled
    }
}

impl<S: Stream> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.is_blocked = written.is_pending();
        written
    }

    /// Comes after each answer: the reader may not be asked again before something happens.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.is_blocked = flushed.is_pending();
        ready!(flushed)?;
        if !self.held.is_empty() && (self.wanted() > 0 || self.requests.were_the_last()) {
            context.waker().wake_by_ref();
        }
        self.watch(context);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        self.poll_linger(context)
    }
}

impl<S: Stream> Drop for Connection<S> {
    fn drop(&mut self) {
        self.held.zeroize();
        // What is no request ends it without a shutdown; answers may be on their way.
        let _is_read = self.poll_rest(&mut Context::from_waker(Waker::noop()));
    }
}
