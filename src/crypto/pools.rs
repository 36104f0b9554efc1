//! The thread [`Pools`] for heavy work.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use tokio::sync::Semaphore;

use crate::config::Passphrases;
use crate::domain::passphrase::STRETCHING_BYTES;
use crate::runtime::pool::Pool;

/// The thread pools for heavy work. Clones share the same threads.
#[derive(Clone)]
pub struct Pools {
    /// For the passphrases of creations.
    pub(super) create: Pool,
    /// For the passphrases of reveals.
    pub(super) reveal: Pool,
    /// For large contents. It never refuses work, because a taken secret must be opened.
    pub large: Pool,
}

impl Pools {
    /// Starts the threads. Creations and reveals share one memory budget for stretching passphrases. Each
    /// of both pools has half of the cores as threads, but no more threads than jobs fit into the memory.
    /// A job waits for memory only when it has a thread, first come, first served. So a flood of creations
    /// cannot starve reveals, or vice versa.
    ///
    /// # Errors
    ///
    /// The system cannot start another thread.
    pub fn start(
        Passphrases { memory_bytes, queue }: Passphrases,
        large_threads: usize,
    ) -> io::Result<Self> {
        let fitting = usize::try_from(memory_bytes / STRETCHING_BYTES).unwrap_or(usize::MAX);
        let half = thread::available_parallelism().map_or(1, NonZero::get).div_ceil(2);
        let memory = Arc::new(Semaphore::new(fitting.min(Semaphore::MAX_PERMITS)));
        let passphrases = || Pool::start(half.min(fitting), queue, Arc::clone(&memory));
        let unlimited = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let large = Pool::start(large_threads, usize::MAX, unlimited)?;
        Ok(Self { create: passphrases()?, reveal: passphrases()?, large })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use futures_util::future::join_all;

    use super::*;

    /// Runs `EACH` jobs of both kinds at once; returns the largest number that ran at the same time.
    async fn most_at_a_time(pools: &Pools) -> u64 {
        const EACH: usize = 8;
        let (running, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let work = || {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(20));
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
            let settings = Passphrases { memory_bytes, queue: 8 };
            let pools = Pools::start(settings, 1).unwrap();
            let most = most_at_a_time(&pools).await;
            assert!(most <= fitting, "{most} ran in {memory_bytes} bytes");
        }
    }
}
