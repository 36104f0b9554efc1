//! A [`Pool`] of threads for heavy work, beside the threads that serve requests.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

/// Bytes of a content beyond which parsing, sealing and opening it is heavy work.
pub const LARGE_BYTES: usize = 65_536;

type Work = Box<dyn FnOnce() + Send>;

/// Runs so many pieces of work at a time, lets so many wait, and refuses the rest at once. Clones are
/// the same pool.
///
/// All threads start with the pool. The system may refuse to start one later, and by then a secret may
/// have been taken that waits to be opened.
#[derive(Clone)]
pub struct Pool {
    /// For the work that runs or waits.
    places: Arc<Semaphore>,
    /// For the work that runs or waits for memory alone.
    threads: Arc<Semaphore>,
    /// For the work that runs, of all pools that share a memory.
    memory: Arc<Semaphore>,
    work: Sender<Work>,
}

/// Why work was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Too much waits already. It did not run.
    #[error("too much work waits")]
    Busy,
    /// It panicked.
    #[error("the work has panicked")]
    Panicked,
}

impl Pool {
    /// Starts a pool of so many threads. At most `queue` pieces of work wait for one, and what runs also
    /// takes a permit of `memory`.
    ///
    /// # Errors
    ///
    /// The system starts no more threads.
    pub fn start(threads: usize, queue: usize, memory: Arc<Semaphore>) -> io::Result<Self> {
        let (work, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads {
            let receiver = Arc::clone(&receiver);
            thread::Builder::new().name("pool".to_owned()).spawn(move || run_all(&receiver))?;
        }
        let places = threads.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        let [places, threads] = [places, threads].map(|permits| Arc::new(Semaphore::new(permits)));
        Ok(Self { places, threads, memory, work })
    }

    /// Does work on so many `bytes`: here, or as [`run`](Self::run) does if they are more than [`LARGE_BYTES`].
    ///
    /// # Errors
    ///
    /// [`PoolError`].
    pub async fn run_if_large<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        if bytes > LARGE_BYTES { self.run(work).await } else { Ok(work()) }
    }

    /// Does `work` on a thread of its own when its turn comes. Nothing is done for a caller who has
    /// left before; work that has begun is finished, and keeps its place until then.
    ///
    /// # Errors
    ///
    /// [`PoolError`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let [places, threads, memory] = [&self.places, &self.threads, &self.memory].map(Arc::clone);
        let place = places.try_acquire_owned().map_err(|_full| PoolError::Busy)?;
        let thread = threads.acquire_owned().await;
        let memory = memory.acquire_owned().await;
        let (sender, outcome) = oneshot::channel();
        let work = Box::new(move || {
            let _held = (place, thread, memory);
            drop(sender.send(work()));
        });
        self.work.send(work).map_err(|_ended| PoolError::Panicked)?;
        outcome.await.map_err(|_panicked| PoolError::Panicked)
    }
}

/// Does the work of a pool, as long as there is one.
fn run_all(receiver: &Mutex<Receiver<Work>>) {
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        // Whoever waits for its outcome sees that it panicked.
        drop(catch_unwind(AssertUnwindSafe(work)));
    }
}
