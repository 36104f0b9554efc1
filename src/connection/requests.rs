//! What a connection has to know of its requests: how long it may be silent, and how much is wanted of
//! it. The frame around all handlers tells of their beginning and end, and who reads a body of that.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::{TURN, TURN_OF_A_BODY};

/// What is known of a body that has to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// So many bytes.
    Of(usize),
    /// Chunks, until the last one says that it is.
    Chunked,
}

/// How long a connection may go without a request.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Without a byte, after a request.
    pub keep_alive: Duration,
    /// From the first byte of the next request to the end of its head.
    pub head: Duration,
    /// After the last answer, for its reader to see it before the connection ends.
    pub linger: Duration,
}

/// The requests of one connection, as far as its patience depends on them.
#[derive(Debug, Default)]
pub struct Requests {
    running: Cell<usize>,
    /// When the last one ended, or when its answer was last seen to be on its way. Nothing before
    /// the first.
    quiet_since: Cell<Option<Instant>>,
    /// When the first byte came after that.
    head_since: Cell<Option<Instant>>,
    /// While a request waits for its body: what is known of the rest.
    body: Cell<Option<Body>>,
    /// Whether the request that runs has a body that was not read to its end.
    has_unread: Cell<bool>,
    /// Whether there was such a request: nothing that comes behind it is one.
    were_last: Cell<bool>,
}

impl Requests {
    /// A request begins, with a body or without; it ends when what is returned is dropped.
    #[must_use]
    pub fn begin(self: &Rc<Self>, has_body: bool) -> Running {
        self.running.set(self.running.get() + 1);
        self.has_unread.set(has_body);
        Running(Rc::clone(self))
    }

    /// The request that runs waits for its body, until what is returned is dropped.
    #[must_use]
    pub fn read_body(self: &Rc<Self>, body: Body) -> ReadingBody {
        self.body.set(Some(body));
        ReadingBody(Rc::clone(self))
    }

    /// How many bytes may be handed over now.
    pub(super) fn wanted(&self) -> usize {
        match self.body.get() {
            _ if self.were_the_last() => 0,
            Some(Body::Of(rest)) => rest.min(TURN_OF_A_BODY),
            Some(Body::Chunked) => TURN,
            None if self.running.get() == 0 => TURN,
            None => 0,
        }
    }

    /// What is known of the body that a request waits for, if one does.
    pub(super) fn body(&self) -> Option<Body> {
        self.body.get()
    }

    /// Whether no request may come any more.
    pub(super) fn were_the_last(&self) -> bool {
        self.were_last.get()
    }

    pub(super) fn deadline(&self, patience: Patience) -> Option<Instant> {
        let quiet_since = self.quiet_since.get().filter(|_| self.running.get() == 0)?;
        Some(match self.head_since.get() {
            _ if self.were_the_last() => quiet_since + patience.linger,
            Some(since) => since + patience.head,
            None => quiet_since + patience.keep_alive,
        })
    }

    pub(super) fn note_quiet(&self) {
        self.quiet_since.set(Some(Instant::now()));
        self.head_since.set(None);
    }

    pub(super) fn note_bytes(&self, count: usize) {
        if let Some(Body::Of(rest)) = self.body.get() {
            self.body.set(Some(Body::Of(rest.saturating_sub(count))));
        }
        let is_between = self.running.get() == 0 && self.quiet_since.get().is_some();
        if is_between && self.head_since.get().is_none() {
            self.head_since.set(Some(Instant::now()));
        }
    }
}

/// A request that is not answered yet.
#[derive(Debug)]
pub struct Running(Rc<Requests>);

impl Running {
    /// Whether the request has a body that was not read to its end: then it is the last one.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.0.has_unread.get()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_last() {
            self.0.were_last.set(true);
        }
        self.0.running.set(self.0.running.get().saturating_sub(1));
        self.0.note_quiet();
    }
}

/// A request that waits for its body.
#[derive(Debug)]
pub struct ReadingBody(Rc<Requests>);

impl ReadingBody {
    /// It has come to its end.
    pub fn complete(self) {
        self.0.has_unread.set(false);
    }
}

impl Drop for ReadingBody {
    fn drop(&mut self) {
        self.0.body.set(None);
    }
}
