//! Asserts that something holds until one millisecond before an instant, and not from that instant on.

use std::time::Duration;

use viewonce::domain::clock::Timestamp;
use viewonce::store::Purge;

use crate::backend::{Backend, Subject};

const MILLISECOND: Duration = Duration::from_millis(1);
/// How often it must be absent at its instant.
const ATTEMPTS: u32 = 50;
/// So many that in one of them no millisecond ends between the test's look at the clock and the
/// store's, however slow the machine.
const MOST_ATTEMPTS: u32 = 10_000;

/// Asserts that what `prepare` has brought about for a number `is_there` until the instant that it
/// returned, whatever was purged between the numbers.
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

/// Whether number `n` `is_there` when, by the test's look at the clock, `early` remains until its
/// instant. The clock goes on: when the store looks, it may be less, and is never more.
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
