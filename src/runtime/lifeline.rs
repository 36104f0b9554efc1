//! Tells when an actor ends that should go on: an actor that panics is gone, and its thread is not.

use tokio::sync::mpsc;

/// Where the lifelines of actors come from.
#[derive(Clone, Debug)]
pub struct Lifelines(mpsc::UnboundedSender<&'static str>);

/// Receives the name of each actor that ends.
pub type Ended = mpsc::UnboundedReceiver<&'static str>;

/// Held by an actor for as long as it lives.
#[derive(Debug)]
pub struct Lifeline {
    actor: &'static str,
    ended: mpsc::UnboundedSender<&'static str>,
}

impl Lifelines {
    /// Lifelines, and what tells of the end of whoever holds one.
    pub fn new() -> (Self, Ended) {
        let (ended, receiver) = mpsc::unbounded_channel();
        (Self(ended), receiver)
    }

    /// The lifeline of an actor of this name.
    pub fn of(&self, actor: &'static str) -> Lifeline {
        Lifeline { actor, ended: self.0.clone() }
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        // When the application ends, nobody listens any more.
        let _is_heard = self.ended.send(self.actor).is_ok();
    }
}
