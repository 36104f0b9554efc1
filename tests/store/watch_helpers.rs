//! Helpers for watches: starting one, and checking whether it waits.

use std::time::Duration;

use futures_util::future::{self, LocalBoxFuture};
use viewonce::store::{Ping, Store, StoreError, Watch};

use crate::samples::receipt;

/// After this, who waits will not hear any more.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// A watch under way.
pub(crate) type Watching<'a> = LocalBoxFuture<'a, Result<(), StoreError>>;

/// A watch of secret number `n` that waits for its end.
pub(crate) async fn waiting(store: &Store, n: u32) -> Watching<'_> {
    let mut watch = watch(store, n);
    assert!(waits(store, &mut watch).await, "{n}");
    watch
}

/// A watch of secret number `n` that is not sent yet.
pub(crate) fn watch(store: &Store, n: u32) -> Watching<'_> {
    Box::pin(store.ask(Watch(receipt(n))))
}

/// Whether the store, when it has done all it was asked before, lets `watch` wait.
pub(crate) async fn waits(store: &Store, watch: &mut Watching<'_>) -> bool {
    // It is sent with the first look at it; the ping is behind it.
    let mut answer = future::poll_immediate(&mut *watch).await;
    if answer.is_none() {
        store.insist(Ping).await.unwrap();
        answer = future::poll_immediate(watch).await;
    }
    answer.map(Result::unwrap).is_none()
}
