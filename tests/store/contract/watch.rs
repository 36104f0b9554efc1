//! A watch of a receipt is notified when its secret has ended, and not before.

use futures_util::future;
use tokio::time::timeout;
use viewonce::store::{Burn, Close, Ping, Purge, State, StoreError, Survey, Taken, Watch};

use crate::backend::{Backend, Subject};
use crate::batch::as_one_batch;
use crate::samples::{
    HOUR, KEY, Terms, create_of, only, plain_take, receipt, receipt_id, repeatable_take, take_of,
    unlock, wrong_guess,
};
use crate::watch_helpers::{LONG, Watching, waiting, waits, watch};

const MANY: u32 = 500;
/// Abandoned watches, created in portions that fit into the queue.
const ABANDONED: u32 = 20_000;
const AT_A_TIME: u32 = 1_000;

pub(super) async fn a_watch_is_notified_of_a_take<B: Backend>() {
    is_notified_of::<B>(State::Viewed, async |subject| {
        assert!(matches!(subject.ask(unlock(1)).await, Taken::Secret(_)));
    })
    .await;
}

pub(super) async fn a_watch_is_notified_of_a_burn<B: Backend>() {
    is_notified_of::<B>(State::Burned, async |subject| assert!(subject.burn(1).await)).await;
}

pub(super) async fn a_watch_is_notified_of_a_revoke<B: Backend>() {
    is_notified_of::<B>(State::Burned, async |subject| assert!(subject.revoke(1).await.is_some()))
        .await;
}

pub(super) async fn a_watch_is_notified_of_the_last_wrong_passphrase<B: Backend>() {
    is_notified_of::<B>(State::Locked, async |subject| {
        for attempts_left in [2, 1, 0] {
            let wrong = Taken::WrongPassphrase { attempts_left };
            assert_eq!(subject.ask(wrong_guess(1)).await, wrong);
        }
    })
    .await;
}

/// Asserts that a watch is notified when `end` has ended its secret, and that `state` is visible then.
async fn is_notified_of<B: Backend>(state: State, end: impl AsyncFn(&Subject<B>)) {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::PASSPHRASE_AND_RECEIPT).await;
    let watch = waiting(&subject.store, 1).await;
    end(&subject).await;
    timeout(LONG, watch).await.unwrap().unwrap();
    assert_eq!(subject.state(1).await, state);
}

pub(super) async fn a_watch_is_not_notified_of_messages_that_end_nothing<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::PASSPHRASE_AND_RECEIPT).await;
    let mut watch = waiting(&subject.store, 1).await;
    subject.ask(plain_take(1)).await;
    subject.ask(repeatable_take(1, KEY)).await;
    subject.ask(wrong_guess(1)).await;
    assert!(!subject.acknowledge(1, KEY).await);
    assert!(subject.has(1).await);
    subject.receipt_status(1).await;
    subject.store.ask(create_of(subject.secret(1))).await.unwrap_err();
    subject.store.insist(Purge).await.unwrap();
    subject.store.insist(Survey { known: Vec::new(), after: None }).await.unwrap();
    assert!(waits(&subject.store, &mut watch).await);
    subject.ask(unlock(1)).await;
    timeout(LONG, watch).await.unwrap().unwrap();
}

pub(super) async fn a_watch_is_not_notified_of_other_secrets<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with(1..=4, Terms::RECEIPT).await;
    subject.create_with(5, Terms::PASSPHRASE_AND_RECEIPT).await;
    let mut watch = waiting(&subject.store, 1).await;
    let other = waiting(&subject.store, 2).await;
    assert!(subject.take(2).await.is_some());
    assert!(subject.burn(3).await);
    assert!(subject.revoke(4).await.is_some());
    for _attempt in 0..3 {
        subject.ask(wrong_guess(5)).await;
    }
    timeout(LONG, other).await.unwrap().unwrap();
    assert!(waits(&subject.store, &mut watch).await);
}

/// A waiting client knows the expiry, so the store need not notify it.
pub(super) async fn a_watch_is_not_notified_of_the_expiry<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::RECEIPT).await;
    let mut watch = waiting(&subject.store, 1).await;
    subject.clock.advance(HOUR);
    assert_eq!(subject.state(1).await, State::Expired);
    assert_eq!(subject.store.insist(Purge).await.unwrap().secrets, 1);
    assert!(waits(&subject.store, &mut watch).await);
}

pub(super) async fn a_watch_waits_under_any_of_several_candidates<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for n in [1, 2, 3] {
        subject.create_with(n, Terms::RECEIPT).await;
        let candidates = [7, n, 8].map(receipt_id).to_vec();
        let mut watch: Watching<'_> = Box::pin(subject.store.ask(Watch(candidates)));
        assert!(waits(&subject.store, &mut watch).await);
        assert!(subject.take(n).await.is_some());
        timeout(LONG, watch).await.unwrap().unwrap();
    }
}

pub(super) async fn all_watches_of_a_secret_are_notified_of_its_end<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with([1, 2], Terms::RECEIPT).await;
    let mut watches = Vec::new();
    for _watch in 0..MANY {
        watches.push(waiting(&subject.store, 1).await);
    }
    let mut other = waiting(&subject.store, 2).await;
    assert!(subject.take(1).await.is_some());
    timeout(LONG, future::try_join_all(watches)).await.unwrap().unwrap();
    assert!(waits(&subject.store, &mut other).await);
}

pub(super) async fn a_watch_is_notified_of_an_end_in_its_own_batch<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with([1, 2], Terms::RECEIPT).await;
    let store = &subject.store;
    // The watch may precede or follow the message that ends its secret: neither is committed yet.
    let calls = future::join4(
        store.ask(Watch(receipt(1))),
        store.ask(take_of(only(1))),
        store.ask(Burn(only(2))),
        store.ask(Watch(receipt(2))),
    );
    let calls = timeout(LONG, as_one_batch(store, calls));
    let (first, taken, burned, second) = calls.await.unwrap();
    assert!(matches!(taken.unwrap(), Taken::Secret(_)));
    assert!(burned.unwrap());
    first.unwrap();
    second.unwrap();
}

pub(super) async fn abandoned_watches_do_not_block_others<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with([1, 2], Terms::RECEIPT).await;
    let early = waiting(&subject.store, 1).await;
    for portion in 0..ABANDONED / AT_A_TIME {
        for n in 0..AT_A_TIME {
            let mut abandoned = watch(&subject.store, 1 + n % 2);
            assert!(future::poll_immediate(&mut abandoned).await.is_none(), "{portion}");
        }
        subject.store.insist(Ping).await.unwrap();
    }
    let late = waiting(&subject.store, 1).await;
    let mut other = waiting(&subject.store, 2).await;
    assert!(subject.take(1).await.is_some());
    timeout(LONG, future::try_join(early, late)).await.unwrap().unwrap();
    assert!(waits(&subject.store, &mut other).await);
    assert!(subject.take(2).await.is_some());
    timeout(LONG, other).await.unwrap().unwrap();
}

pub(super) async fn a_watch_fails_when_the_store_closes<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::RECEIPT).await;
    let watch = waiting(&subject.store, 1).await;
    subject.store.insist(Close).await.unwrap();
    let refusal = timeout(LONG, watch).await.unwrap().unwrap_err();
    assert!(matches!(refusal, StoreError::Ended), "{refusal:?}");
}
