//! A client's connection: a layer between a socket, plain or TLS, and actix-http. It enforces the limits
//! that actix-http lacks.
//!
//! The client has time to send the first byte of its next request (`keep_alive`), and from then on to
//! complete the head (`head`):
//!
//! ```text
//! a request ends ── keep_alive without a byte ─────────────▶ end
//!               └── a byte ── head without a request ──────▶ end
//! ```
//!
//! **One idle timer, one head timer.** actix-http times the head of the first request alone, and its own
//! keep-alive cuts off slow readers. So its keep-alive is turned off, and both timers run here. An
//! answer still in flight restarts `keep_alive`. Neither timer runs while a request does.
//!
//! **Send timeout.** A client that takes no byte of an answer for `send` is cut off. The kernel's timer
//! (`TCP_USER_TIMEOUT`) is not used: it does not always restart when a reader takes some bytes. Linux
//! 6.18 cut off readers with small windows that took 8 KB a second. So `SendProgress` checks for itself.
//!
//! **At most one request at a time.** actix-http reads up to 128 KiB and parses all pipelined requests
//! in it before it answers the first. Thousands fit in, and each takes about a hundred times its size in
//! memory. It decides whether an answer has a body by the last request that it parsed, not by the one it
//! answers. So a pipelined HEAD would make it drop the content of the reveal before it. So input is
//! passed on in small reads that stop at the end of a head. While a handler runs, only the body it asks
//! for is passed on. Input that arrives earlier waits in `Held`.
//!
//! **Chunked and unread bodies end the connection.** Bytes after them are never parsed as a request.
//!
//! **Drain before closing.** Closing a socket with unread input makes the kernel send RST, which can
//! destroy our response. So `Drain` first discards input: to its end, or for a few seconds after the
//! last answer.

mod boundary;
mod drain;
mod held;
mod input;
mod progress;
mod stream;

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::http::connection::{Phase, Requests};
use boundary::Boundary;
use drain::Drain;
use held::Held;
use progress::SendProgress;
pub use stream::{Stream, UNSENT};

/// How often to check for a closed client while the held input is full, so that reading cannot tell.
const DISCONNECT_POLL: Duration = Duration::from_millis(100);

/// How long a connection waits for the client.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the end of a request to the first byte of the next.
    pub keep_alive: Duration,
    /// From the first byte of the next request to the end of its head.
    pub head: Duration,
    /// While the client takes no byte of an answer.
    pub send: Duration,
    /// From the last answer to closing, so that the client can read it.
    pub linger: Duration,
}

/// A connection. Its reader sees a keep-alive or head timeout as the end of input.
#[derive(Debug)]
pub struct Connection<S: Stream> {
    stream: S,
    timeouts: Timeouts,
    requests: Requests,
    /// Input that arrived before it was wanted.
    held: Held,
    /// Bytes passed on since the reader last paused. Set to `usize::MAX` after a boundary, so that
    /// nothing more is passed on until the reader pauses.
    passed: usize,
    /// Finds where a head or a chunked body may end.
    boundary: Boundary,
    /// Whether an answer waits for space in the kernel's send buffer.
    is_blocked: bool,
    progress: SendProgress,
    /// Made with the first answer, or when the held input is full: most connections of a flood need none.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the connection is closing, or its reader saw the end of input after the last request.
    is_closing: bool,
    drain: Drain,
}

impl<S: Stream> Connection<S> {
    /// Applies `timeouts` to `stream`.
    pub fn new(stream: S, timeouts: Timeouts) -> Self {
        Self {
            stream,
            timeouts,
            requests: Requests::default(),
            held: Held::default(),
            passed: 0,
            boundary: Boundary::default(),
            is_blocked: false,
            progress: SendProgress::new(timeouts.send),
            timer: None,
            is_closing: false,
            drain: Drain::new(timeouts.linger),
        }
    }

    /// The state of its requests, shared with the HTTP layer.
    pub const fn requests(&self) -> &Requests {
        &self.requests
    }

    /// When the keep-alive or head timeout passes.
    fn deadline(&self) -> Option<Instant> {
        match self.requests.phase() {
            Phase::Idle(since) => Some(since? + self.timeouts.keep_alive),
            Phase::Head(since) => Some(since + self.timeouts.head),
            _ => None,
        }
    }

    /// Whether the keep-alive or head timeout has passed. If it passes while an answer is being sent, a
    /// new keep-alive wait begins. Fails with `TimedOut` if the client has accepted no byte of the answer for the
    /// time `send`.
    fn has_timed_out(&mut self) -> io::Result<bool> {
        if !self.timer.as_ref().is_some_and(|timer| timer.is_elapsed()) {
            return Ok(false);
        }
        let now = Instant::now();
        let is_late = self.deadline().is_some_and(|deadline| deadline <= now);
        let must_check = is_late || self.progress.check_at <= now;
        let is_answering = must_check && self.progress.check(&self.stream)?;
        if is_late && is_answering {
            self.requests.note_quiet();
        }
        Ok(is_late && !is_answering)
    }

    /// Wakes the task at the next deadline or check.
    fn set_timer(&mut self, context: &mut Context<'_>) {
        let progress = (self.progress.written > 0).then_some(self.progress.check_at);
        let disconnect = (self.held.remaining() == 0).then(|| Instant::now() + DISCONNECT_POLL);
        let next = [self.deadline(), progress, disconnect].into_iter().flatten().min();
        let Some(next) = next else { return };
        let timer = match &mut self.timer {
            // It is set, and wakes the only task that polls this connection. An early wake-up is harmless
            // and cheaper than a reset with each request.
            Some(timer) if !timer.is_elapsed() && timer.deadline() <= next => return,
            Some(timer) => {
                timer.as_mut().reset(next);
                timer
            }
            None => self.timer.insert(Box::pin(sleep_until(next))),
        };
        // Unconstrained, because a timer whose task has used up its budget is not set.
        if pin!(unconstrained(timer.as_mut())).poll(context).is_ready() {
            context.waker().wake_by_ref();
        }
    }

    /// Notes whether an answer is blocked by a full send buffer, and times that.
    fn note_sending<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        self.is_blocked = polled.is_pending();
        if self.is_blocked {
            self.has_timed_out()?;
            self.set_timer(context);
        }
        polled
    }

    /// After the last request: discards input while the answer is blocked, then ends the reader's input.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.held.clear();
        if self.is_blocked {
            return self.drain.poll_discard(context, &mut self.stream).map(Ok);
        }
        self.is_closing = true;
        Poll::Ready(Ok(()))
    }
}

impl<S: Stream> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.has_timed_out()? {
            return Poll::Ready(Ok(()));
        }
        let polled = match self.budget() {
            0 if self.requests.phase() == Phase::Over => self.poll_end(context),
            0 if self.passed == 0 || self.is_complete() => self.poll_disconnect(context),
            0 => {
                // actix-http parses only when its reads pause: pause, and read on after that.
                context.waker().wake_by_ref();
                Poll::Pending
            }
            budget => self.poll_input(context, buffer, budget),
        };
        if polled.is_pending() {
            self.passed = 0;
            self.set_timer(context);
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
        let written = ready!(self.note_sending(context, written))?;
        self.progress.written += written as u64;
        Poll::Ready(Ok(written))
    }

    /// Runs after each answer. Input that is already held raises no event, so this wakes the reader.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        ready!(self.note_sending(context, flushed))?;
        let must_end = self.requests.phase() == Phase::Over && !self.is_closing;
        if must_end || (!self.held.bytes().is_empty() && self.budget() > 0) {
            context.waker().wake_by_ref();
        }
        if !self.is_closing {
            self.set_timer(context);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.is_closing = true;
        if this.requests.phase() == Phase::Over || !this.held.bytes().is_empty() {
            this.drain.expect_input();
        }
        this.held.clear();
        let shut = Pin::new(&mut this.stream).poll_shutdown(context);
        ready!(this.note_sending(context, shut))?;
        this.drain.poll_close(context, &mut this.stream, &mut this.progress)
    }
}

impl<S: Stream> Drop for Connection<S> {
    fn drop(&mut self) {
        // After a parse error actix-http drops the connection without a shutdown. Discard input here as
        // well, or an RST could destroy answers in flight.
        let mut context = Context::from_waker(Waker::noop());
        let _is_at_end = self.drain.poll_discard(&mut context, &mut self.stream);
    }
}
