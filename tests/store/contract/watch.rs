//! A watch of a receipt is notified when its secret has ended, and not before.

use futures_util::future;
use tokio::time::timeout;
use viewonce::store::{Burn, Close, Ping, Purge, State, StoreError, Survey, Taken, Watch};

use crate::backend::{Backend, Subject};
use crate::batch::as_one_batch;
use crate::samples::{
    HOUR, KEY, Terms, claiming, create_of, guessing, knowing, only, receipt, receipt_id, take_of,
    taking,
};
use crate::watch_helpers::{LONG, Watching, waiting, waits, watch};

const MANY: u32 = 500;
/// Watches that are given up, so many at a time that there is room for them in the queue.
const GIVEN_UP: u32 = 20_000;
const AT_A_TIME: u32 = 1_000;

pub(super) async fn a_watch_hears_of_a_take<B: Backend>() {
    is_notified_of::<B>(State::Viewed, async |subject| {
        assert!(matches!(subject.ask(knowing(1)).await, Taken::Secret(_)));
    })
    .await;
}

pub(super) async fn a_watch_hears_of_a_burn<B: Backend>() {
    is_notified_of::<B>(State::Burned, async |subject| assert!(subject.burn(1).await)).await;
}

pub(super) async fn a_watch_hears_of_a_revoke<B: Backend>() {
    is_notified_of::<B>(State::Burned, async |subject| assert!(subject.revoke(1).await.is_some()))
        .await;
}

pub(super) async fn a_watch_hears_of_the_last_wrong_passphrase<B: Backend>() {
    is_notified_of::<B>(State::Locked, async |subject| {
        for attempts_left in [2, 1, 0] {
            let wrong = Taken::WrongPassphrase { attempts_left };
            assert_eq!(subject.ask(guessing(1)).await, wrong);
        }
    })
    .await;
}

/// Asserts that who watches a secret hears of it when `end` has ended it, and sees its `state` then.
async fn is_notified_of<B: Backend>(state: State, end: impl AsyncFn(&Subject<B>)) {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::PASSPHRASE_AND_RECEIPT).await;
    let watch = waiting(&subject.store, 1).await;
    end(&subject).await;
    timeout(LONG, watch).await.unwrap().unwrap();
    assert_eq!(subject.state(1).await, state);
}

pub(super) async fn a_watch_does_not_hear_of_what_ends_nothing<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::PASSPHRASE_AND_RECEIPT).await;
    let mut watch = waiting(&subject.store, 1).await;
    subject.ask(taking(1)).await;
    subject.ask(claiming(1, KEY)).await;
    subject.ask(guessing(1)).await;
    assert!(!subject.acknowledge(1, KEY).await);
    assert!(subject.has(1).await);
    subject.fate(1).await;
    subject.store.ask(create_of(subject.secret(1))).await.unwrap_err();
    subject.store.insist(Purge).await.unwrap();
    subject.store.insist(Survey { known: Vec::new(), after: None }).await.unwrap();
    assert!(waits(&subject.store, &mut watch).await);
    subject.ask(knowing(1)).await;
    timeout(LONG, watch).await.unwrap().unwrap();
}

pub(super) async fn a_watch_does_not_hear_of_other_secrets<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with(1..=4, Terms::RECEIPT).await;
    subject.create_with(5, Terms::PASSPHRASE_AND_RECEIPT).await;
    let mut watch = waiting(&subject.store, 1).await;
    let other = waiting(&subject.store, 2).await;
    assert!(subject.take(2).await.is_some());
    assert!(subject.burn(3).await);
    assert!(subject.revoke(4).await.is_some());
    for _attempt in 0..3 {
        subject.ask(guessing(5)).await;
    }
    timeout(LONG, other).await.unwrap().unwrap();
    assert!(waits(&subject.store, &mut watch).await);
}

/// A waiter knows the instant of expiry, so the store need not notify it.
pub(super) async fn a_watch_does_not_hear_of_the_expiry<B: Backend>() {
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

pub(super) async fn a_watch_hears_of_an_end_in_the_batch_that_gathers<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with([1, 2], Terms::RECEIPT).await;
    let store = &subject.store;
    // Whether it comes before or after what ends the secret, which is not done yet.
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

pub(super) async fn watches_that_are_given_up_hinder_no_others<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with([1, 2], Terms::RECEIPT).await;
    let early = waiting(&subject.store, 1).await;
    for portion in 0..GIVEN_UP / AT_A_TIME {
        for n in 0..AT_A_TIME {
            let mut given_up = watch(&subject.store, 1 + n % 2);
            assert!(future::poll_immediate(&mut given_up).await.is_none(), "{portion}");
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

pub(super) async fn a_watch_hears_that_the_store_has_closed<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::RECEIPT).await;
    let watch = waiting(&subject.store, 1).await;
    subject.store.insist(Close).await.unwrap();
    let refusal = timeout(LONG, watch).await.unwrap().unwrap_err();
    assert!(matches!(refusal, StoreError::Ended), "{refusal:?}");
}
