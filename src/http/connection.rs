//! The contract between a connection and the HTTP layer. The HTTP layer notes the phase of the current
//! request; the connection derives from it how much input to pass on and which timeout applies. It
//! passes on one request at a time, so there is never more than one.

use std::cell::Cell;
use std::rc::Rc;

use tokio::time::Instant;

/// The body that the head of a request announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnouncedBody {
    /// A body of this many bytes, which may be 0. Another request may follow.
    Sized(usize),
    /// A chunked body. Bytes after it are never parsed as a request.
    Chunked,
    /// A body of this many bytes, then an upgrade. Upgrades are not supported, so no request follows.
    Upgrade(usize),
}

impl AnnouncedBody {
    /// Its length in bytes, if it is announced.
    pub const fn length(self) -> Option<usize> {
        match self {
            Self::Sized(length) | Self::Upgrade(length) => Some(length),
            Self::Chunked => None,
        }
    }

    /// The rest of it after `count` bytes.
    const fn after(self, count: usize) -> Self {
        match self {
            Self::Sized(length) => Self::Sized(length.saturating_sub(count)),
            Self::Upgrade(length) => Self::Upgrade(length.saturating_sub(count)),
            Self::Chunked => Self::Chunked,
        }
    }
}

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No request runs, since this instant; `None` before the first request.
    Idle(Option<Instant>),
    /// The head of a further request began to arrive at this instant.
    Head(Instant),
    /// A request runs and does not read. This part of its body is unread.
    Running(AnnouncedBody),
    /// A request reads its body. This part of it is not passed on yet.
    Reading(AnnouncedBody),
    /// The last request has ended.
    Over,
}

/// The phase of one connection, shared with its requests. The metrics server has no such connection; its
/// requests use a value that nobody reads.
#[derive(Clone, Debug)]
pub struct Requests(Rc<Cell<Phase>>);

impl Default for Requests {
    fn default() -> Self {
        Self(Rc::new(Cell::new(Phase::Idle(None))))
    }
}

impl Requests {
    /// Notes that a request with this body begins.
    pub fn begin(&self, body: AnnouncedBody) {
        self.0.set(Phase::Running(body));
    }

    /// Notes that the request waits for its body.
    pub fn want_body(&self) {
        if let Phase::Running(body) = self.phase() {
            self.0.set(Phase::Reading(body));
        }
    }

    /// Notes that the request has read its body to the end.
    pub fn note_read(&self) {
        if let Phase::Reading(body) = self.phase() {
            self.0.set(Phase::Running(body.after(usize::MAX)));
        }
    }

    /// Whether the connection must close after the current request: its body was not read to the end, or
    /// was not a [`Sized`](AnnouncedBody::Sized) one.
    pub fn is_last(&self) -> bool {
        self.phase() != Phase::Running(AnnouncedBody::Sized(0))
    }

    /// Notes that the request ends: its response is complete, or it was dropped.
    pub fn end(&self) {
        self.0.set(if self.is_last() { Phase::Over } else { Phase::Idle(Some(Instant::now())) });
    }

    pub(crate) fn phase(&self) -> Phase {
        self.0.get()
    }

    /// Notes that `count` bytes were passed on.
    pub(crate) fn note_bytes(&self, count: usize) {
        self.0.set(match self.phase() {
            Phase::Idle(Some(_)) => Phase::Head(Instant::now()),
            Phase::Reading(body) => Phase::Reading(body.after(count)),
            other => other,
        });
    }

    /// Restarts the keep-alive timeout, because the last response was still being sent.
    pub(crate) fn note_quiet(&self) {
        self.0.set(Phase::Idle(Some(Instant::now())));
    }
}
