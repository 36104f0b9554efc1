//! A store that has more to do than it can, and callers who do not wait for it.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future;
use tokio::time::Instant;
use viewonce::store::{Created, Purged, State, Store, StoreError, Surveyed, Taken};

use crate::backend::{Backend, Subject};
use crate::batch::as_one_batch;
use crate::held::hold;
use crate::samples::{KEY, Terms, claim_id, claiming, guessing, only, receipt};

/// Messages that a small mailbox lets wait.
const FEW: usize = 4;
/// Creates that are sent at once.
const MANY: u32 = 3_000;

pub(super) async fn a_store_has_all_its_room_from_the_start<B: Backend>() {
    // Several times: now and then one has begun before it hears of anything.
    for _start in 0..10 {
        let subject = Subject::<B>::start_just_now();
        let peeks = (0..MANY).map(|n| subject.store.peek(only(n)));
        future::try_join_all(peeks).await.unwrap();
    }
}

pub(super) async fn a_full_queue_refuses_at_once_and_keeps_what_it_accepted<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let held = hold(&subject.store);
    let mut creates: Vec<_> =
        (0..MANY).map(|n| Box::pin(subject.store.create(subject.secret(n)))).collect();
    let mut accepted = Vec::new();
    for (n, create) in (0..).zip(&mut creates) {
        match future::poll_immediate(create.as_mut()).await {
            None => accepted.push((n, create)),
            Some(answer) => assert!(matches!(answer, Err(StoreError::Busy)), "{answer:?}"),
        }
    }
    assert!((FEW..=2 * FEW).contains(&accepted.len()), "{} wait", accepted.len());
    drop(held);
    let mut stored = Vec::new();
    for (n, create) in accepted {
        create.await.unwrap();
        stored.push(n);
    }
    assert_eq!(present(&subject).await, stored);
}

pub(super) async fn each_of_many_creates_is_either_stored_or_refused<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let creates = (0..MANY).map(|n| subject.store.create(subject.secret(n)));
    let mut stored = Vec::new();
    for (n, answer) in (0..).zip(future::join_all(creates).await) {
        match answer {
            Ok(_stored) => stored.push(n),
            Err(error) => assert!(matches!(error, StoreError::Busy), "{error:?}"),
        }
    }
    assert_eq!(present(&subject).await, stored);
}

/// Those of the [`MANY`] that are there.
async fn present<B: Backend>(subject: &Subject<B>) -> Vec<u32> {
    let mut present = Vec::new();
    for n in 0..MANY {
        if subject.take(n).await.is_some() {
            present.push(n);
        }
    }
    present
}

pub(super) async fn nothing_is_run_for_a_caller_who_has_gone<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    subject.create_all([1, 2]).await;
    let held = hold(store);
    assert!(store.take(only(1)).now_or_never().is_none());
    assert!(store.burn(only(2)).now_or_never().is_none());
    assert!(store.create(subject.secret(3)).now_or_never().is_none());
    drop(held);
    assert!(subject.has(1).await);
    assert!(subject.has(2).await);
    assert!(!subject.has(3).await);
}

pub(super) async fn nothing_of_a_secret_is_used_up_for_a_caller_who_has_gone<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    let kept = subject.create(1).await;
    subject.ask(claiming(1, KEY)).await;
    subject.confide(2, Terms::PASSPHRASE_AND_RECEIPT).await;
    let held = hold(store);
    assert!(store.acknowledge(vec![claim_id(1, KEY)]).now_or_never().is_none());
    assert!(store.take(guessing(2)).now_or_never().is_none());
    assert!(store.revoke(receipt(2)).now_or_never().is_none());
    assert!(store.create(subject.new_secret(3, Terms::REPEATABLE)).now_or_never().is_none());
    drop(held);
    let again = Taken::Again { sealed: kept, wrapped_key: None };
    assert_eq!(subject.ask(claiming(1, KEY)).await, again);
    assert_eq!(subject.state(2).await, State::Pending);
    assert_eq!(subject.ask(guessing(2)).await, Taken::WrongPassphrase { attempts_left: 2 });
    let creation = store.create(subject.new_secret(3, Terms::REPEATABLE)).await.unwrap();
    assert_eq!(creation, Created::Stored);
}

pub(super) async fn ping_succeeds_while_the_queue_is_full<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let pings = async {
        fill(&subject.store);
        future::try_join(subject.store.ping(), subject.store.ping()).await
    };
    as_one_batch(&subject.store, pings).await.unwrap();
}

pub(super) async fn many_pings_at_once_all_succeed<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let pings = (0..1_000).map(|_ping| subject.store.ping());
    future::try_join_all(pings).await.unwrap();
}

pub(super) async fn ping_fails_when_the_store_does_not_answer<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let held = hold(&subject.store);
    // The runtime moves its time on by itself when nothing else is left to be done.
    tokio::time::pause();
    let asked = Instant::now();
    let unanswered = subject.store.ping().await;
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    assert!(matches!(unanswered, Err(StoreError::Silent)), "{unanswered:?}");
    tokio::time::resume();
    drop(held);
    subject.store.ping().await.unwrap();
}

pub(super) async fn purge_has_its_turn_while_the_queue_is_full<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let purges = async {
        fill(&subject.store);
        future::try_join(subject.store.purge(), subject.store.purge()).await
    };
    let (first, _) = as_one_batch(&subject.store, purges).await.unwrap();
    assert_eq!(first, Purged { secrets: 0, is_complete: true });
}

pub(super) async fn survey_has_its_turn_while_the_queue_is_full<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let survey = async {
        fill(&subject.store);
        subject.store.survey(Vec::new(), None).await
    };
    let surveyed = as_one_batch(&subject.store, survey).await.unwrap();
    assert_eq!(surveyed, Surveyed { strangers: 0, next: None });
}

/// Sends to a store that stands still until its queue is full.
fn fill(store: &Store) {
    let mut answers = (0..MANY).filter_map(|_peek| store.peek(Vec::new()).now_or_never());
    assert!(matches!(answers.next(), Some(Err(StoreError::Busy))));
}
