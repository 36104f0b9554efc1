//! A [`Pool`] of threads for heavy work, so that the HTTP threads stay responsive.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

/// Parsing, sealing or opening more bytes of content than this is heavy work.
pub const LARGE_BYTES: usize = 65_536;

type Job = Box<dyn FnOnce() + Send>;

/// Runs a bounded number of jobs at a time, queues a bounded number, and refuses the rest at once.
/// Clones are the same pool.
///
/// All threads start with the pool. The system could refuse to start one later, when a secret has
/// already been taken from the store and must be opened.
#[derive(Clone)]
pub struct Pool {
    /// A permit for each job, queued or running.
    slots: Arc<Semaphore>,
    /// A permit for each job that has a thread, running or waiting for memory.
    threads: Arc<Semaphore>,
    /// A permit for each running job, of all pools that share this memory.
    memory: Arc<Semaphore>,
    jobs: Sender<Job>,
}

/// Why a job was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The queue is full. The job did not run.
    #[error("the queue of the thread pool is full")]
    Busy,
    /// The job panicked.
    #[error("a job in the thread pool panicked")]
    Panicked,
}

impl Pool {
    /// Starts a pool of so many threads. At most `queue` jobs wait for a thread. A running job also
    /// holds a permit of `memory`.
    ///
    /// # Errors
    ///
    /// The system refuses to start a thread.
    pub fn start(threads: usize, queue: usize, memory: Arc<Semaphore>) -> io::Result<Self> {
        let (jobs, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads {
            let receiver = Arc::clone(&receiver);
            thread::Builder::new().name("pool".to_owned()).spawn(move || run_all(&receiver))?;
        }
        let slots = threads.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        let [slots, threads] = [slots, threads].map(|permits| Arc::new(Semaphore::new(permits)));
        Ok(Self { slots, threads, memory, jobs })
    }

    /// Does work on so many `bytes`: on this thread, or by [`run`](Self::run) above [`LARGE_BYTES`].
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

    /// Does `work` on a thread of the pool. If the caller drops the future before the job begins, the
    /// job does not run. A job that has begun is finished and keeps its permits until then.
    ///
    /// # Errors
    ///
    /// [`PoolError`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let [slots, threads, memory] = [&self.slots, &self.threads, &self.memory].map(Arc::clone);
        let slot = slots.try_acquire_owned().map_err(|_full| PoolError::Busy)?;
        let thread = threads.acquire_owned().await;
        let memory = memory.acquire_owned().await;
        let (sender, outcome) = oneshot::channel();
        let job = Box::new(move || {
            let _held = (slot, thread, memory);
            drop(sender.send(work()));
        });
        self.jobs.send(job).map_err(|_ended| PoolError::Panicked)?;
        outcome.await.map_err(|_panicked| PoolError::Panicked)
    }
}

/// Runs the jobs of a pool until the pool is dropped.
fn run_all(receiver: &Mutex<Receiver<Job>>) {
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A panic drops the job's sender, so `run` returns `Panicked`.
        drop(catch_unwind(AssertUnwindSafe(job)));
    }
}
