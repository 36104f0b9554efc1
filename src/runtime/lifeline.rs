//! Reports the unexpected end of an actor: a panic ends the actor, but not its thread or the process.

use tokio::sync::mpsc;

/// Creates the lifelines of actors.
#[derive(Clone, Debug)]
pub struct Lifelines(mpsc::UnboundedSender<&'static str>);

/// Receives the name of each actor that ends.
pub type Ended = mpsc::UnboundedReceiver<&'static str>;

/// An actor holds this as long as it lives; dropping it reports the actor's end.
#[derive(Debug)]
pub struct Lifeline {
    actor: &'static str,
    ended: mpsc::UnboundedSender<&'static str>,
}

impl Lifelines {
    /// A source of lifelines, and the receiver that reports the end of their actors.
    pub fn new() -> (Self, Ended) {
        let (ended, receiver) = mpsc::unbounded_channel();
        (Self(ended), receiver)
    }

    /// The lifeline of the actor with this name.
    pub fn of(&self, actor: &'static str) -> Lifeline {
        Lifeline { actor, ended: self.0.clone() }
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        // At shutdown, the receiver may be gone.
        let _is_received = self.ended.send(self.actor).is_ok();
    }
}
