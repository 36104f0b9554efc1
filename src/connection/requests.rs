//! What a connection has to know of its requests: how long it may be silent, and how much is wanted of
//! it. The frame around all handlers tells of their beginning and end, and who reads a body of that.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::{TURN, TURN_OF_A_BODY};

/// How long a connection may go without a request.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Without a byte, after a request.
    pub keep_alive: Duration,
    /// From the first byte of the next request to the end of its head.
    pub head: Duration,
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
    /// While a request waits for its body: how much of that is known to come.
    body: Cell<Option<usize>>,
}

impl Requests {
    /// A request begins; it ends when what is returned is dropped.
    #[must_use]
    pub fn begin(self: &Rc<Self>) -> Running {
        self.running.set(self.running.get() + 1);
        Running(Rc::clone(self))
    }

    /// The request that runs waits for its body, of so many bytes if that is known, until what is
    /// returned is dropped.
    #[must_use]
    pub fn read_body(self: &Rc<Self>, length: usize) -> ReadingBody {
        self.body.set(Some(length));
        ReadingBody(Rc::clone(self))
    }

    /// How many bytes may be handed over now.
    pub(super) fn wanted(&self) -> usize {
        match self.body.get() {
            Some(length) => length.clamp(TURN, TURN_OF_A_BODY),
            None if self.running.get() == 0 => TURN,
            None => 0,
        }
    }

    pub(super) fn deadline(&self, patience: Patience) -> Option<Instant> {
        let quiet_since = self.quiet_since.get().filter(|_| self.running.get() == 0)?;
        Some(match self.head_since.get() {
            Some(since) => since + patience.head,
            None => quiet_since + patience.keep_alive,
        })
    }

    pub(super) fn note_quiet(&self) {
        self.quiet_since.set(Some(Instant::now()));
        self.head_since.set(None);
    }

    pub(super) fn note_bytes(&self, count: usize) {
        self.body.update(|body| body.map(|length| length.saturating_sub(count)));
        let is_between = self.running.get() == 0 && self.quiet_since.get().is_some();
        if is_between && self.head_since.get().is_none() {
            self.head_since.set(Some(Instant::now()));
        }
    }
}

/// A request that is not answered yet.
#[derive(Debug)]
pub struct Running(Rc<Requests>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get().saturating_sub(1));
        self.0.note_quiet();
    }
}

/// A request that waits for its body.
#[derive(Debug)]
pub struct ReadingBody(Rc<Requests>);

impl Drop for ReadingBody {
    fn drop(&mut self) {
        self.0.body.set(None);
    }
}
