//! A message that carries its own way back.
//!
//! Who [`ask`]s never waits for room in the mailbox, but hears [`CallError::Busy`] at once. The
//! actor sees whether the caller has gone, and need not run the message then.

use actix::{Message, Recipient, dev::SendError};
use tokio::sync::oneshot;

/// `M`, and where the answer to it goes.
pub struct Call<M: Message> {
    message: M,
    reply: oneshot::Sender<M::Result>,
}

impl<M: Message> Message for Call<M> {
    type Result = ();
}

/// Why a call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The mailbox is full: the message was not sent.
    #[error("the queue is full")]
    Busy,
    /// The actor has ended: whether it ran the message is not known.
    #[error("the actor has ended")]
    Ended,
}

impl<M: Message> Call<M> {
    /// What is asked.
    pub const fn message(&self) -> &M {
        &self.message
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    /// Answers. That the caller has gone meanwhile is normal.
    pub fn answer(self, answer: M::Result) {
        drop(self.reply.send(answer));
    }

    /// Answers with what becomes of the message itself.
    pub fn answer_with(self, answer: impl FnOnce(M) -> M::Result) {
        drop(self.reply.send(answer(self.message)));
    }
}

/// Sends `message` if there is room for it, and waits for the answer.
///
/// # Errors
///
/// [`CallError`].
pub async fn ask<M>(to: &Recipient<Call<M>>, message: M) -> Result<M::Result, CallError>
where
    M: Message<Result: Send> + Send + 'static,
{
    let (call, answer) = call(message);
    to.try_send(call).map_err(|error| match error {
        SendError::Full(_) => CallError::Busy,
        SendError::Closed(_) => CallError::Ended,
    })?;
    answer.await.map_err(|_dropped| CallError::Ended)
}

/// Sends `message` even into a full mailbox, and waits for the answer. For the few senders that
/// must not be refused, and that are themselves bounded in number.
///
/// # Errors
///
/// [`CallError::Ended`].
pub async fn insist<M>(to: &Recipient<Call<M>>, message: M) -> Result<M::Result, CallError>
where
    M: Message<Result: Send> + Send + 'static,
{
    let (call, answer) = call(message);
    to.do_send(call);
    answer.await.map_err(|_dropped| CallError::Ended)
}

fn call<M: Message>(message: M) -> (Call<M>, oneshot::Receiver<M::Result>) {
    let (sender, receiver) = oneshot::channel();
    (Call { message, reply: sender }, receiver)
}
