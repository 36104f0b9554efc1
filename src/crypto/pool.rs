//! The [`Pools`] that passphrases are stretched in: only so many at a time, so many wait, and the rest is
//! refused at once.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::call::CallError;
use crate::config::Passphrases;
use crate::passphrase::STRETCHING_BYTES;

/// Creations and reveals have a pool each, and one memory together. Clones are the same pools.
#[derive(Clone)]
pub struct Pools {
    pub(super) create: BoundedPool,
    pub(super) reveal: BoundedPool,
}

impl Pools {
    /// Each pool takes up to half of the cores. Of each, no more wait for the memory than find room in it,
    /// and who comes first gets it first: so it passes on to the others, however many come of the ones.
    #[must_use]
    pub fn new(Passphrases { memory_bytes, queue }: Passphrases) -> Self {
        let fitting = usize::try_from(memory_bytes / STRETCHING_BYTES).unwrap_or(usize::MAX);
        let half = thread::available_parallelism().map_or(1, NonZero::get).div_ceil(2);
        let (threads, memory) = (half.min(fitting), Arc::new(Semaphore::new(fitting)));
        let pool = || BoundedPool {
            places: Arc::new(Semaphore::new(threads + queue)),
            threads: Arc::new(Semaphore::new(threads)),
            memory: Arc::clone(&memory),
        };
        Self { create: pool(), reveal: pool() }
    }
}

/// So many threads for stretching, and a queue before them.
#[derive(Clone)]
pub(super) struct BoundedPool {
    /// Those who work or wait.
    places: Arc<Semaphore>,
    /// Those who work or wait for memory alone.
    threads: Arc<Semaphore>,
    /// Those who work, of both pools.
    memory: Arc<Semaphore>,
}

impl BoundedPool {
    /// Does `work` on a thread of its own when its turn comes. Nothing is done for a caller who has
    /// left before; work that has begun is finished, and keeps its place until then.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let [places, threads, memory] = [&self.places, &self.threads, &self.memory].map(Arc::clone);
        let place = places.try_acquire_owned().map_err(|_full| CallError::Busy)?;
        let thread = threads.acquire_owned().await.map_err(|_closed| CallError::Ended)?;
        let memory = memory.acquire_owned().await.map_err(|_closed| CallError::Ended)?;
        let work = move || {
            let _held = (place, thread, memory);
            work()
        };
        spawn_blocking(work).await.map_err(|_panicked| CallError::Ended)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use futures_util::future::join_all;

    use super::*;

    /// Does work of both kinds, `EACH` of each, at once; returns the most that ran at a time.
    async fn most_at_a_time(pools: &Pools) -> u64 {
        const EACH: usize = 8;
        let (running, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let work = || {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(20));
                running.fetch_sub(1, Ordering::SeqCst);
            }
        };
        let both = (0..EACH).flat_map(|_| [&pools.create, &pools.reveal]);
        let done = join_all(both.map(|pool| pool.run(work()))).await;
        assert!(done.iter().all(Result::is_ok));
        most.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn no_more_run_at_a_time_than_find_room_in_the_memory() {
        for (memory_bytes, fitting) in [
            (STRETCHING_BYTES, 1),
            (2 * STRETCHING_BYTES - 1, 1),
            (2 * STRETCHING_BYTES, 2),
            (3 * STRETCHING_BYTES, 3),
        ] {
            let pools = Pools::new(Passphrases { memory_bytes, queue: 8 });
            let most = most_at_a_time(&pools).await;
            assert!(most <= fitting, "{most} ran in {memory_bytes} bytes");
        }
    }
}
