//! Makes a store run many messages as one batch.

use std::future::Future;
use std::pin::pin;

use futures_util::future;
use viewonce::store::Store;

use crate::paused_store::pause;

/// Runs `calls` as one batch, by sending them while `store` is paused.
pub(crate) async fn as_one_batch<T>(store: &Store, calls: impl Future<Output = T>) -> T {
    let mut calls = pin!(calls);
    let paused = pause(store);
    assert!(future::poll_immediate(calls.as_mut()).await.is_none(), "it stands still");
    drop(paused);
    calls.await
}
