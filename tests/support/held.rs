//! Makes a store stand still, so that a test decides what has gathered before it goes on.
#![allow(dead_code, reason = "no test binary uses all of it")]

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use tokio::task::unconstrained;
use viewonce::store::{Peek, Store};

/// A store stands still as long as this is there.
pub(crate) struct Held<'a> {
    _turn: Turn<'a>,
}

/// A turn in the queue of a store. From when it comes until this is dropped the store stands still:
/// between a commit and the answers to all that came after this and was committed with it.
pub(crate) struct Turn<'a> {
    arrival: Receiver<()>,
    _release: Sender<()>,
    _call: Pin<Box<dyn Future<Output = ()> + 'a>>,
}

/// A waker that keeps whoever calls it. A store that answers wakes the one who waits for it on its
/// own thread, and with this as the one who waits it gets no further.
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

impl<'a> Turn<'a> {
    /// Queues for a turn at a store that stands still.
    pub(crate) fn queue(_held: &Held<'_>, store: &'a Store) -> Self {
        Self::try_queue(store).expect("a store that stands still answers nobody")
    }

    /// Queues for a turn, unless the answer is there already.
    fn try_queue(store: &'a Store) -> Option<Self> {
        let (arrived, arrival) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let gate = Arc::new(Gate { arrived, released: Mutex::new(released) });
        // Without a budget: a task that has used its own up is woken by its runtime, on its own
        // thread, and whoever wakes the gate gets no further.
        let mut call: Pin<Box<dyn Future<Output = ()> + 'a>> = Box::pin(unconstrained(async {
            drop(store.ask(Peek(Vec::new())).await);
        }));
        let queued = call.as_mut().poll(&mut Context::from_waker(&Waker::from(gate)));
        queued.is_pending().then_some(Self { arrival, _release: release, _call: call })
    }

    /// Waits until the store stands still.
    pub(crate) fn come(&self) {
        self.arrival.recv().unwrap();
    }
}

/// Waits until `store` stands still.
pub(crate) fn hold(store: &Store) -> Held<'_> {
    loop {
        // An answer that is there already wakes nobody: another try.
        if let Some(turn) = Turn::try_queue(store) {
            turn.come();
            return Held { _turn: turn };
        }
    }
}
