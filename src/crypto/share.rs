//! A [`Share`] of the machine for work that is heavy: so much of it runs at a time, so much waits,
//! and the rest is refused at once.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::call::CallError;

/// So many threads for heavy work, and a queue before them. Clones are the same share.
#[derive(Clone)]
pub(super) struct Share {
    /// Those who work or wait.
    places: Arc<Semaphore>,
    /// Those who work.
    threads: Arc<Semaphore>,
}

impl Share {
    pub(super) fn new(threads: usize, queue: usize) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { places: semaphore(threads + queue), threads: semaphore(threads) }
    }

    /// Does `work` on a thread of its own when its turn comes. Nothing is done for a caller who has
    /// left before; work that has begun is finished, and keeps its place until then.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let place =
            Arc::clone(&self.places).try_acquire_owned().map_err(|_full| CallError::Busy)?;
        let thread = Arc::clone(&self.threads).acquire_owned().await;
        let thread = thread.map_err(|_closed| CallError::Ended)?;
        let work = move || {
            let _held = (place, thread);
            work()
        };
        spawn_blocking(work).await.map_err(|_panicked| CallError::Ended)
    }
}
