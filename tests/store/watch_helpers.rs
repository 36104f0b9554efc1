//! Helpers for watches: starting one, and checking whether it waits.

use std::time::Duration;

use futures_util::future::{self, LocalBoxFuture};
use viewonce::store::{Ping, Store, StoreError, Watch};

use crate::samples::receipt;

/// How long a test waits for a notification before it fails.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// A pending watch.
pub(crate) type Watching<'a> = LocalBoxFuture<'a, Result<(), StoreError>>;

/// A watch of secret number `n` that the store has accepted.
pub(crate) async fn waiting(store: &Store, n: u32) -> Watching<'_> {
    let mut watch = watch(store, n);
    assert!(waits(store, &mut watch).await, "{n}");
    watch
}

/// A watch of secret number `n` that is not sent yet.
pub(crate) fn watch(store: &Store, n: u32) -> Watching<'_> {
    Box::pin(store.ask(Watch(receipt(n))))
}

/// Whether `watch` is still pending when the store has processed all earlier messages.
pub(crate) async fn waits(store: &Store, watch: &mut Watching<'_>) -> bool {
    // The first poll sends the watch; the ping comes after it.
    let mut answer = future::poll_immediate(&mut *watch).await;
    if answer.is_none() {
        store.insist(Ping).await.unwrap();
        answer = future::poll_immediate(watch).await;
    }
    answer.map(Result::unwrap).is_none()
}
