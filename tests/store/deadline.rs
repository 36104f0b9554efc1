//! Asserts that a condition holds until one millisecond before an instant, and not from that instant on.

use std::time::Duration;

use viewonce::domain::clock::Timestamp;
use viewonce::store::Purge;

use crate::backend::{Backend, Subject};

const MILLISECOND: Duration = Duration::from_millis(1);
/// How many times the condition must be false at its instant.
const ATTEMPTS: u32 = 50;
/// Enough attempts that in one of them, on however slow a machine, no millisecond passes between the
/// test's reading of the clock and the store's.
const MOST_ATTEMPTS: u32 = 10_000;

/// Asserts that the result of `prepare` for a number `is_there` until the instant that `prepare`
/// returned, with purges between the numbers.
pub(crate) async fn until_its_instant<B: Backend>(
    subject: &Subject<B>,
    prepare: impl AsyncFn(&Subject<B>, u32) -> Timestamp,
    is_there: impl AsyncFn(&Subject<B>, u32) -> bool,
) {
    let mut numbers = 0..MOST_ATTEMPTS;
    loop {
        let n = numbers.next().expect("it is there one millisecond before its instant");
        let instant = prepare(subject, n).await;
        if is_there_at(subject, instant, MILLISECOND, n, &is_there).await {
            break;
        }
    }
    for n in (numbers.start..).take(ATTEMPTS as usize) {
        let instant = prepare(subject, n).await;
        let is_there = is_there_at(subject, instant, Duration::ZERO, n, &is_there).await;
        assert!(!is_there, "it is there at its instant");
    }
}

/// Whether number `n` `is_there` when `early` remains until its instant by the test's reading of the
/// clock. The clock goes on: by the store's reading, at most `early` remains.
async fn is_there_at<B: Backend>(
    subject: &Subject<B>,
    instant: Timestamp,
    early: Duration,
    n: u32,
    is_there: impl AsyncFn(&Subject<B>, u32) -> bool,
) -> bool {
    let Subject { store, clock, .. } = subject;
    clock.advance(clock.until(instant).saturating_sub(early));
    let is_there = is_there(subject, n).await;
    clock.advance(early);
    store.insist(Purge).await.unwrap();
    is_there
}
