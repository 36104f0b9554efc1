//! A secret is there until one millisecond before its instant, and from that instant on it is not.

use std::time::Duration;

use viewonce::store::Store;

use crate::backend::{Backend, Subject, taken};
use crate::samples::{HOUR, only, secret};

const MILLISECOND: Duration = Duration::from_millis(1);
/// So many that in some of them no millisecond ends between the test's look at the clock and the
/// store's.
const ATTEMPTS: u32 = 50;

pub(super) async fn take_finds_a_secret_until_the_instant_it_expires<B: Backend>() {
    until_its_instant::<B>(async |store, n| taken(store.take(only(n)).await.unwrap()).is_some())
        .await;
}

pub(super) async fn peek_finds_a_secret_until_the_instant_it_expires<B: Backend>() {
    until_its_instant::<B>(async |store, n| store.peek(only(n)).await.unwrap().is_some()).await;
}

pub(super) async fn burn_finds_a_secret_until_the_instant_it_expires<B: Backend>() {
    until_its_instant::<B>(async |store, n| store.burn(only(n)).await.unwrap()).await;
}

pub(super) async fn purge_leaves_a_secret_until_the_instant_it_expires<B: Backend>() {
    until_its_instant::<B>(async |store, _n| store.purge().await.unwrap().secrets == 0).await;
}

async fn until_its_instant<B: Backend>(is_there: impl AsyncFn(&Store, u32) -> bool) {
    let subject = Subject::<B>::start().await;
    let earlier = times_there(&subject, MILLISECOND, &is_there).await;
    assert!(earlier > 0, "it is never there one millisecond before its instant");
    let then = times_there(&subject, Duration::ZERO, &is_there).await;
    assert_eq!(then, 0, "it is there at its instant");
}

/// How often `is_there` finds a secret when, by the test's look at the clock, `early` remains
/// until its instant. The clock goes on: when the store looks, it may be less, and is never more.
async fn times_there<B: Backend>(
    subject: &Subject<B>,
    early: Duration,
    is_there: impl AsyncFn(&Store, u32) -> bool,
) -> u32 {
    let Subject { store, clock, .. } = subject;
    let mut times = 0;
    for n in 0..ATTEMPTS {
        let expires_at = clock.now().plus(HOUR);
        store.create(secret(n, expires_at)).await.unwrap();
        let remains = expires_at.as_millis() - clock.now().plus(early).as_millis();
        clock.advance(Duration::from_millis(remains.unsigned_abs()));
        times += u32::from(is_there(store, n).await);
        clock.advance(early);
        store.purge().await.unwrap();
    }
    times
}
