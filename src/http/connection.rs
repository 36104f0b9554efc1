//! The contract of a connection with the HTTP layer, which tells it how far its request has come. The
//! connection reads from that how much is wanted of it, and for how long it may be silent. It hands over
//! one request at a time, so there is never more than one.

use std::cell::Cell;
use std::rc::Rc;

use tokio::time::Instant;

/// What the head of a request announces behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnouncedBody {
    /// So many bytes, or none. Then the next request may come.
    Sized(usize),
    /// Chunks. No request follows them.
    Chunked,
    /// So many bytes, and then another protocol without an end, as none is spoken here.
    Upgrade(usize),
}

impl AnnouncedBody {
    /// Its bytes, if they are known.
    pub const fn length(self) -> Option<usize> {
        match self {
            Self::Sized(length) | Self::Upgrade(length) => Some(length),
            Self::Chunked => None,
        }
    }

    /// What is left of it behind `count` bytes.
    const fn behind(self, count: usize) -> Self {
        match self {
            Self::Sized(length) => Self::Sized(length.saturating_sub(count)),
            Self::Upgrade(length) => Self::Upgrade(length.saturating_sub(count)),
            Self::Chunked => Self::Chunked,
        }
    }
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No request runs, since then. Nothing before the first one.
    Idle(Option<Instant>),
    /// The head of another request has begun to come, then.
    Head(Instant),
    /// A request runs and wants nothing. So much of its body is not read.
    Running(AnnouncedBody),
    /// A request waits for its body. So much of it is not handed over.
    Reading(AnnouncedBody),
    /// The last request has ended.
    Over,
}

/// The requests of one connection. What runs without one, as the metrics do, tells it to nobody.
#[derive(Clone, Debug)]
pub struct Requests(Rc<Cell<Phase>>);

impl Default for Requests {
    fn default() -> Self {
        Self(Rc::new(Cell::new(Phase::Idle(None))))
    }
}

impl Requests {
    /// A request begins, with this body.
    pub fn begin(&self, body: AnnouncedBody) {
        self.0.set(Phase::Running(body));
    }

    /// The request waits for its body.
    pub fn want_body(&self) {
        if let Phase::Running(body) = self.phase() {
            self.0.set(Phase::Reading(body));
        }
    }

    /// The request has read its body to the end.
    pub fn note_read(&self) {
        if let Phase::Reading(body) = self.phase() {
            self.0.set(Phase::Running(body.behind(usize::MAX)));
        }
    }

    /// Whether no request can follow the one that runs: its body was not read to the end, or shows none.
    pub fn is_last(&self) -> bool {
        self.phase() != Phase::Running(AnnouncedBody::Sized(0))
    }

    /// The request ends: its answer is made.
    pub fn end(&self) {
        self.0.set(if self.is_last() { Phase::Over } else { Phase::Idle(Some(Instant::now())) });
    }

    pub(crate) fn phase(&self) -> Phase {
        self.0.get()
    }

    /// So many bytes were handed over.
    pub(crate) fn note_bytes(&self, count: usize) {
        self.0.set(match self.phase() {
            Phase::Idle(Some(_)) => Phase::Head(Instant::now()),
            Phase::Reading(body) => Phase::Reading(body.behind(count)),
            other => other,
        });
    }

    /// The answer to the last request was still on its way: its time of silence begins anew.
    pub(crate) fn note_quiet(&self) {
        self.0.set(Phase::Idle(Some(Instant::now())));
    }
}
