//! A [`Command`]: a message to a store, with the [`Reply`] that answers it.
//!
//! A sender learns at once if the queue is full. The store can tell whether a sender has left, and
//! then need not run the command.

use actix::Message;
use tokio::sync::oneshot;

use super::StoreError;
use super::messages::{
    Acknowledge, Burn, Close, Count, Create, Created, Inspect, Peek, Peeked, Ping, Purge, Purged,
    ReceiptStatus, Revoke, Survey, Surveyed, Take, Taken, Watch,
};

/// A message that a store answers.
pub trait Request {
    /// The type of the answer.
    type Answer;

    /// Makes a command of this message, which is answered through `reply`.
    fn into_command(self, reply: Reply<Self::Answer>) -> Command;
}

/// Declares the commands: each message and its answer.
macro_rules! commands {
    ($($message:ident -> $answer:ty,)*) => {
        /// A message to a store, with its reply.
        #[expect(missing_docs, reason = "each message has its own description")]
        pub enum Command {
            $($message($message, Reply<$answer>),)*
        }

        $(impl Request for $message {
            type Answer = $answer;

            fn into_command(self, reply: Reply<$answer>) -> Command {
                Command::$message(self, reply)
            }
        })*

        impl Command {
            /// Whether the sender no longer waits for the answer.
            pub fn is_abandoned(&self) -> bool {
                match self { $(Self::$message(_, reply) => reply.is_abandoned(),)* }
            }

            /// Whether the command has run and its outcome waits for the end of the transaction.
            pub fn has_run(&self) -> bool {
                match self { $(Self::$message(_, reply) => reply.outcome.is_some(),)* }
            }

            /// Sends the answer, now that its transaction has `ended`.
            pub fn settle(self, ended: Result<(), StoreError>) {
                match self { $(Self::$message(_, reply) => reply.settle(ended),)* }
            }
        }
    };
}

commands! {
    Create -> Created,
    Take -> Taken,
    Peek -> Option<Peeked>,
    Burn -> bool,
    Acknowledge -> bool,
    Inspect -> Option<ReceiptStatus>,
    Revoke -> Option<ReceiptStatus>,
    Watch -> (),
    Survey -> Surveyed,
    Count -> bool,
    Purge -> Purged,
    Ping -> (),
    Close -> (),
}

impl Message for Command {
    type Result = ();
}

/// The channel back to the sender of a command.
pub struct Reply<T> {
    sender: oneshot::Sender<Result<T, StoreError>>,
    /// Held until the transaction of the command has ended.
    outcome: Option<Result<T, StoreError>>,
}

impl<T> Reply<T> {
    /// A reply, and the receiver of its answer.
    pub(super) fn new() -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (sender, receiver) = oneshot::channel();
        (Self { sender, outcome: None }, receiver)
    }

    /// Whether the sender no longer waits for the answer.
    pub fn is_abandoned(&self) -> bool {
        self.sender.is_closed()
    }

    /// Holds an outcome until [`Command::settle`].
    pub fn hold(&mut self, outcome: Result<T, StoreError>) {
        self.outcome = Some(outcome);
    }

    /// Sends an answer. The sender may have left meanwhile.
    pub fn send(self, answer: Result<T, StoreError>) {
        drop(self.sender.send(answer));
    }

    fn settle(self, ended: Result<(), StoreError>) {
        drop(self.sender.send(match (ended, self.outcome) {
            // A refused command did nothing, whether its transaction committed or not.
            (_, Some(Err(refused))) => Err(refused),
            (ended, Some(Ok(answer))) => ended.map(|()| answer),
            (ended, None) => Err(ended.err().map_or(StoreError::Ended, StoreError::not_run)),
        }));
    }
}
