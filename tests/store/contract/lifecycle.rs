//! The content that a store keeps across a restart, and its answers after it has closed.

use std::time::Duration;

use futures_util::future;
use tokio::time::timeout;
use viewonce::store::{Burn, Close, Inspect, Peek, Ping, Purge, Revoke, StoreError, Survey, Watch};

use crate::backend::{Backend, Subject};
use crate::batch::as_one_batch;
use crate::samples::{KEY, Terms, acknowledgement, create_of, only, receipt, take_of};

pub(super) async fn close_finishes_earlier_messages<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    let calls = future::join(store.ask(create_of(subject.secret(1))), store.insist(Close));
    let (created, closed) = as_one_batch(store, calls).await;
    created.unwrap();
    closed.unwrap();
    assert!(subject.reopen().has(1).await);
}

pub(super) async fn after_close_every_call_is_refused<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    let secret = subject.create(1).await;
    store.insist(Close).await.unwrap();
    // The mailbox closes a moment after the store has ended.
    while !matches!(store.insist(Ping).await, Err(StoreError::Closing)) {}
    let refusals = [
        store.ask(create_of(secret)).await.unwrap_err(),
        store.ask(take_of(only(1))).await.unwrap_err(),
        store.ask(Peek(only(1))).await.unwrap_err(),
        store.ask(Burn(only(1))).await.unwrap_err(),
        store.ask(acknowledgement(1, KEY)).await.unwrap_err(),
        store.ask(Inspect(receipt(1))).await.unwrap_err(),
        store.ask(Revoke(receipt(1))).await.unwrap_err(),
        store.ask(Watch(receipt(1))).await.unwrap_err(),
        store.insist(Survey { known: Vec::new(), after: None }).await.unwrap_err(),
        store.insist(Purge).await.unwrap_err(),
        store.insist(Ping).await.unwrap_err(),
        store.insist(Close).await.unwrap_err(),
    ];
    for refusal in refusals {
        // No refusal reports an unknown outcome.
        assert!(matches!(refusal, StoreError::Closing), "{refusal:?}");
    }
}

/// The store refuses while it closes. In the test above, the refusals may come from its end.
pub(super) async fn a_watch_sent_after_a_close_is_refused<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    subject.create_with(1, Terms::RECEIPT).await;
    let calls = future::join(store.insist(Close), store.ask(Watch(receipt(1))));
    let (closed, refusal) = as_one_batch(store, calls).await;
    closed.unwrap();
    let refusal = refusal.unwrap_err();
    assert!(matches!(refusal, StoreError::Closing | StoreError::Ended), "{refusal:?}");
}

pub(super) async fn a_closed_store_ends<B: Backend>() {
    let mut subject = Subject::<B>::start().await;
    subject.ended.try_recv().unwrap_err();
    subject.store.insist(Close).await.unwrap();
    let ended = timeout(Duration::from_mins(1), subject.ended.recv()).await.unwrap();
    assert_eq!(ended, Some("store"));
}
