//! Makes a store stand still, so that a test decides what has gathered before it goes on.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use tokio::task::unconstrained;
use viewonce::store::Store;

/// A store stands still as long as this is there.
pub(crate) struct Held<'a> {
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

/// Waits until `store` stands still.
pub(crate) fn hold(store: &Store) -> Held<'_> {
    loop {
        let (arrived, arrival) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let gate = Arc::new(Gate { arrived, released: Mutex::new(released) });
        // Without a budget: a task that has used its own up is woken by its runtime, on its own
        // thread, and whoever wakes the gate gets no further.
        let mut call: Pin<Box<dyn Future<Output = ()> + '_>> = Box::pin(unconstrained(async {
            drop(store.peek(Vec::new()).await);
        }));
        // An answer that is there already wakes nobody: another try.
        if call.as_mut().poll(&mut Context::from_waker(&Waker::from(gate))).is_pending() {
            arrival.recv().unwrap();
            return Held { _release: release, _call: call };
        }
    }
}
