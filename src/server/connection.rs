//! A client's connection, between the system and the HTTP server: it ends when it is silent for too
//! long, takes too long over the head of a request, or takes nothing of an answer for too long. It hands
//! over no more than is wanted. Otherwise it never ends while a request runs or an answer is on its way, but
//! some seconds after the service stops.
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
//! but the body that the request waits for. Nothing that comes behind chunks, or behind a body that was not
//! read, is a request.
//!
//! A socket that is closed with something unread in it has the system cut off what the other side has not
//! taken yet: a connection ends when there is nothing more to read, or some seconds after its last answer.
//!
//! The kernel has a timer for readers that take nothing (`TCP_USER_TIMEOUT`), but does not always start it
//! anew when one takes some: in Linux 6.18 it cut off readers with small windows that took 8 KB a second. So
//! what they take is looked at here.

mod boundary;
mod held;
mod stream;

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use zeroize::Zeroize as _;

use crate::http::connection::{AnnouncedBody, Phase, Requests};
use boundary::Boundary;
use held::Held;
pub use stream::{Stream, UNSENT};

/// Bytes that are handed over at a time.
const TURN: usize = 2_048;
/// Bytes of a body that are handed over at a time.
const TURN_OF_A_BODY: usize = 16_384;
/// So many times as much is read at a time of what nobody will want.
const TURNS_OF_A_REST: usize = 64;
/// How often is looked whether the other side has gone, where so much is kept that it cannot be read.
const GLANCE: Duration = Duration::from_millis(100);
/// How often is looked whether the other side takes some of an answer, in the time in which it has to.
const LOOKS: u32 = 4;

/// How long a connection waits for the other side.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Without a byte, after a request.
    pub keep_alive: Duration,
    /// From the first byte of the next request to the end of its head.
    pub head: Duration,
    /// While it takes no byte of an answer.
    pub send: Duration,
    /// After the last answer, for its reader to see it before the connection ends.
    pub linger: Duration,
}

/// A connection. To its reader, its end is that the other side has closed it.
#[derive(Debug)]
pub struct Connection<S: Stream> {
    stream: S,
    timeouts: Timeouts,
    requests: Requests,
    /// What arrived while it was not wanted.
    held: Held,
    /// Bytes handed over since its reader last paused: its turn.
    given: usize,
    /// Where what is handed over may end: its turn is over there.
    boundary: Boundary,
    /// Whether an answer waits here for room in the system.
    is_blocked: bool,
    written: u64,
    /// What was written and not sent when that had last changed, and when that was.
    seen: (u64, u32, Instant),
    /// When that is looked at next.
    look_at: Instant,
    /// Made with the first answer: most of the many that a flood opens never get one.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether it was told to end.
    is_ending: bool,
    /// Whether something may come behind the last request.
    has_rest: bool,
    /// Made when it has ended: how long it is still there for the other side to take the answer.
    linger: Option<Pin<Box<Sleep>>>,
}

impl<S: Stream> Connection<S> {
    /// Has timeouts with `stream`.
    pub fn new(stream: S, timeouts: Timeouts) -> Self {
        let now = Instant::now();
        Self {
            stream,
            timeouts,
            requests: Requests::default(),
            held: Held::default(),
            given: 0,
            boundary: Boundary::default(),
            is_blocked: false,
            written: 0,
            seen: (0, 0, now),
            look_at: now + timeouts.send / LOOKS,
            timer: None,
            is_ending: false,
            has_rest: false,
            linger: None,
        }
    }

    /// Its requests.
    pub const fn requests(&self) -> &Requests {
        &self.requests
    }

    /// When its timeouts between two requests is at an end.
    fn deadline(&self) -> Option<Instant> {
        match self.requests.phase() {
            Phase::Idle(since) => Some(since? + self.timeouts.keep_alive),
            Phase::Head(since) => Some(since + self.timeouts.head),
            _ => None,
        }
    }

    /// Whether its timeouts is at an end; fails if nothing is taken of an answer. One that is on its way
    /// gives it new timeouts with silence.
    fn is_over(&mut self) -> io::Result<bool> {
        if !self.timer.as_ref().is_some_and(|timer| timer.is_elapsed()) {
            return Ok(false);
        }
        let now = Instant::now();
        let is_late = self.deadline().is_some_and(|deadline| deadline <= now);
        let is_answering = (is_late || self.look_at <= now) && self.look()?;
        if is_late && is_answering {
            self.requests.note_quiet();
        }
        Ok(is_late && !is_answering)
    }

    /// Looks whether an answer is on its way; fails if too long ago something was taken of it.
    fn look(&mut self) -> io::Result<bool> {
        let (unsent, now) = (self.stream.unsent()?, Instant::now());
        self.look_at = now + self.timeouts.send / LOOKS;
        let (written, before, since) = self.seen;
        if (self.written, unsent) != (written, before) {
            self.seen = (self.written, unsent, now);
        } else if unsent > 0 && now - since >= self.timeouts.send {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(unsent > 0)
    }

    /// Has the task woken when there is something to look at.
    fn watch(&mut self, context: &mut Context<'_>) {
        let look = (self.written > 0).then_some(self.look_at);
        let glance = (self.held.room() == 0).then(|| Instant::now() + GLANCE);
        let next = [self.deadline(), look, glance].into_iter().flatten().min();
        let Some(next) = next else { return };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(next)));
        // One that comes too early is harmless: it is set anew then, and not with each request.
        if timer.is_elapsed() || timer.deadline() > next {
            timer.as_mut().reset(next);
        }
        if timer.as_mut().poll(context).is_ready() {
            context.waker().wake_by_ref();
        }
    }

    /// Notes whether an answer waits for room in the system, which it may not do for too long.
    fn note_sending<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        self.is_blocked = polled.is_pending();
        if self.is_blocked {
            self.is_over()?;
            self.watch(context);
        }
        polled
    }

    /// How many bytes its reader may have before it pauses.
    fn wanted(&self) -> usize {
        let wanted = match self.requests.phase() {
            _ if self.is_blocked => 0,
            Phase::Running(_) | Phase::Over => 0,
            Phase::Reading(AnnouncedBody::Sized(rest) | AnnouncedBody::Upgrade(rest)) => {
                rest.min(TURN_OF_A_BODY)
            }
            Phase::Idle(_) | Phase::Head(_) | Phase::Reading(AnnouncedBody::Chunked) => TURN,
        };
        wanted.saturating_sub(self.given)
    }

    /// Whether a head was handed over to its end: what is behind it is wanted with the answer.
    fn is_head_given(&self) -> bool {
        self.given == usize::MAX && !matches!(self.requests.phase(), Phase::Reading(_))
    }

    /// Hands over at most `wanted` bytes.
    fn poll_give(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        wanted: usize,
    ) -> Poll<io::Result<()>> {
        let wanted = wanted.min(buffer.remaining());
        let count = if self.held.bytes().is_empty() {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(wanted));
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
            let count = self.end_turn(part.filled());
            self.held.push(&mut part.filled_mut()[count..]);
            buffer.advance(count);
            count
        } else {
            let held = mem::take(&mut self.held);
            let count = self.end_turn(&held.bytes()[..wanted.min(held.bytes().len())]);
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

    /// How many of `bytes` may be handed over now: up to where a head or chunks may end, and with that the
    /// turn ends.
    fn end_turn(&mut self, bytes: &[u8]) -> usize {
        let end = match self.requests.phase() {
            Phase::Reading(AnnouncedBody::Chunked) => self.boundary.find(bytes, true),
            Phase::Reading(_) => None,
            _ => self.boundary.find(bytes, false),
        };
        self.given = if end.is_some() { usize::MAX } else { self.given + bytes.len() };
        end.unwrap_or(bytes.len())
    }

    /// Reads what nobody wants yet, to see behind it whether the other side has gone: that ends a
    /// request, and none is begun for it.
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.held.room() > 0 {
            let mut bytes = [0; TURN];
            let mut part = ReadBuf::new(&mut bytes[..TURN.min(self.held.room())]);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
            if part.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.held.push(part.filled_mut());
        }
        if self.stream.has_gone()? { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Behind the last request, has its reader end as soon as the answer is out, and reads on until then.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.held.clear();
        if self.is_blocked {
            return self.poll_rest(context).map(Ok);
        }
        self.is_ending = true;
        Poll::Ready(Ok(()))
    }

    /// Reads what nobody will want any more, as far as it has come, and not for ever where more comes
    /// faster; is ready when it has ended.
    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; TURN_OF_A_BODY];
        for _ in 0..TURNS_OF_A_REST {
            let mut part = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut part));
            if read.is_err() || part.filled().is_empty() {
                return Poll::Ready(());
            }
            part.filled_mut().zeroize();
            self.has_rest = true;
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Has it end when there is nothing more to read. Where something may come behind the last request,
    /// that takes until the other side has closed it or had time to take the answer.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.poll_rest(context).is_ready() || !self.has_rest {
            return Poll::Ready(Ok(()));
        }
        let time = self.timeouts.linger;
        let timer = self.linger.get_or_insert_with(|| Box::pin(sleep(time)));
        ready!(timer.as_mut().poll(context));
        if !self.look()? {
            return Poll::Ready(Ok(()));
        }
        self.linger = None;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: Stream> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over()? {
            return Poll::Ready(Ok(()));
        }
        let polled = match self.wanted() {
            0 if self.requests.phase() == Phase::Over => self.poll_over(context),
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
        let written = ready!(self.note_sending(context, written))?;
        self.written += written as u64;
        Poll::Ready(Ok(written))
    }

    /// Comes after each answer: the reader may not be asked again before something happens.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        ready!(self.note_sending(context, flushed))?;
        let must_end = self.requests.phase() == Phase::Over && !self.is_ending;
        if must_end || (!self.held.bytes().is_empty() && self.wanted() > 0) {
            context.waker().wake_by_ref();
        }
        if !self.is_ending {
            self.watch(context);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_ending = true;
        self.has_rest |= self.requests.phase() == Phase::Over || !self.held.bytes().is_empty();
        self.held.clear();
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        ready!(self.note_sending(context, shut))?;
        self.poll_linger(context)
    }
}

impl<S: Stream> Drop for Connection<S> {
    fn drop(&mut self) {
        // What is no request ends it without a shutdown; answers may be on their way.
        let _is_read = self.poll_rest(&mut Context::from_waker(Waker::noop()));
    }
}
