//! Pauses a store, so that a test controls which messages are queued when it resumes.
#![allow(dead_code, reason = "no test binary uses all of it")]

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use tokio::task::unconstrained;
use viewonce::store::{Peek, Store};

/// A store that is paused until this is dropped.
pub(crate) struct PausedStore<'a> {
    _barrier: Barrier<'a>,
}

/// A queued message that pauses the store when it is answered, until this is dropped: after a commit,
/// before the later messages of the same batch are answered.
pub(crate) struct Barrier<'a> {
    arrival: Receiver<()>,
    _release: Sender<()>,
    _call: Pin<Box<dyn Future<Output = ()> + 'a>>,
}

/// A waker that blocks its caller. A store that answers calls the waker on its own thread, and blocks
/// there.
struct Gate {
    arrived: Sender<()>,
    released: Mutex<Receiver<()>>,
}

impl Wake for Gate {
    fn wake(self: Arc<Self>) {
        self.arrived.send(()).ok();
        self.released.lock().unwrap().recv().ok();
    }
}

impl<'a> Barrier<'a> {
    /// Queues a message at a paused store.
    pub(crate) fn queue(_paused: &PausedStore<'_>, store: &'a Store) -> Self {
        Self::try_queue(store).expect("a paused store answers no message")
    }

    /// Queues a message; `None` if it is answered at once.
    fn try_queue(store: &'a Store) -> Option<Self> {
        let (arrived, arrival) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let gate = Arc::new(Gate { arrived, released: Mutex::new(released) });
        // `unconstrained`: if the task's budget were used up, the runtime would wake it on this thread,
        // and the gate would block it.
        let mut call: Pin<Box<dyn Future<Output = ()> + 'a>> = Box::pin(unconstrained(async {
            drop(store.ask(Peek(Vec::new())).await);
        }));
        let queued = call.as_mut().poll(&mut Context::from_waker(&Waker::from(gate)));
        queued.is_pending().then_some(Self { arrival, _release: release, _call: call })
    }

    /// Waits until the store is paused.
    pub(crate) fn wait_until_reached(&self) {
        self.arrival.recv().unwrap();
    }
}

/// Pauses `store`.
pub(crate) fn pause(store: &Store) -> PausedStore<'_> {
    loop {
        // A message that was answered at once blocks nothing: retry.
        if let Some(barrier) = Barrier::try_queue(store) {
            barrier.wait_until_reached();
            return PausedStore { _barrier: barrier };
        }
    }
}
