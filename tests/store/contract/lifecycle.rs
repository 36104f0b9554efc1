//! What a store keeps when it is closed and started again, and what it says when it has gone.

use std::time::Duration;

use futures_util::future;
use tokio::time::timeout;
use viewonce::store::StoreError;

use crate::backend::{Backend, Subject};
use crate::batch::as_one_batch;
use crate::samples::{KEY, Terms, claim_id, only, receipt};

pub(super) async fn close_finishes_what_was_sent_before<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    let calls = future::join(store.create(subject.secret(1)), store.close());
    let (created, closed) = as_one_batch(store, calls).await;
    created.unwrap();
    closed.unwrap();
    assert!(subject.reopen().has(1).await);
}

pub(super) async fn after_close_every_call_is_refused<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    let secret = subject.create(1).await;
    store.close().await.unwrap();
    let refusals = [
        store.create(secret).await.unwrap_err(),
        store.take(only(1)).await.unwrap_err(),
        store.peek(only(1)).await.unwrap_err(),
        store.burn(only(1)).await.unwrap_err(),
        store.acknowledge(vec![claim_id(1, KEY)]).await.unwrap_err(),
        store.inspect(receipt(1)).await.unwrap_err(),
        store.revoke(receipt(1)).await.unwrap_err(),
        store.watch(receipt(1)).await.unwrap_err(),
        store.survey(Vec::new(), None).await.unwrap_err(),
        store.purge().await.unwrap_err(),
        store.ping().await.unwrap_err(),
        store.close().await.unwrap_err(),
    ];
    for refusal in refusals {
        assert!(matches!(refusal, StoreError::Closing | StoreError::Ended), "{refusal:?}");
    }
}

/// It closes before the store has ended, while the refusals above may come from its end.
pub(super) async fn a_watch_is_refused_behind_the_close<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    subject.confide(1, Terms::RECEIPT).await;
    let calls = future::join(store.close(), store.watch(receipt(1)));
    let (closed, refusal) = as_one_batch(store, calls).await;
    closed.unwrap();
    let refusal = refusal.unwrap_err();
    assert!(matches!(refusal, StoreError::Closing | StoreError::Ended), "{refusal:?}");
}

pub(super) async fn a_closed_store_ends<B: Backend>() {
    let mut subject = Subject::<B>::start().await;
    subject.ended.try_recv().unwrap_err();
    subject.store.close().await.unwrap();
    timeout(Duration::from_mins(1), subject.ended).await.unwrap().unwrap_err();
}
