//! Overload, and callers that drop their call before the answer.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future;
use tokio::time::{Instant, timeout};
use viewonce::store::{
    Burn, Created, Peek, Ping, Purge, Purged, Revoke, State, Store, StoreError, Survey, Surveyed,
    Taken,
};

use crate::backend::{Backend, Subject};
use crate::batch::as_one_batch;
use crate::metric::metric;
use crate::paused_store::pause;
use crate::samples::{
    KEY, Terms, acknowledgement, create_of, only, receipt, repeatable_take, take_of, wrong_guess,
};

/// Capacity of a small mailbox.
const FEW: usize = 4;
/// Creates that are sent concurrently.
const MANY: u32 = 3_000;

pub(super) async fn the_mailbox_has_its_full_capacity_from_the_start<B: Backend>() {
    // Several starts: sometimes the actor's thread runs before the first message arrives.
    for _start in 0..10 {
        let subject = Subject::<B>::start_just_now();
        let peeks = (0..MANY).map(|n| subject.store.ask(Peek(only(n))));
        future::try_join_all(peeks).await.unwrap();
    }
}

pub(super) async fn a_full_queue_refuses_at_once_and_keeps_what_it_accepted<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let paused = pause(&subject.store);
    let mut creates: Vec<_> =
        (0..MANY).map(|n| Box::pin(subject.store.ask(create_of(subject.secret(n))))).collect();
    let mut accepted = Vec::new();
    for (n, create) in (0..).zip(&mut creates) {
        match future::poll_immediate(create.as_mut()).await {
            None => accepted.push((n, create)),
            Some(answer) => assert!(matches!(answer, Err(StoreError::Busy)), "{answer:?}"),
        }
    }
    assert!((FEW..=2 * FEW).contains(&accepted.len()), "{} wait", accepted.len());
    drop(paused);
    let mut stored = Vec::new();
    for (n, create) in accepted {
        create.await.unwrap();
        stored.push(n);
    }
    assert_eq!(present(&subject).await, stored);
}

pub(super) async fn each_of_many_creates_is_either_stored_or_refused<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let creates = (0..MANY).map(|n| subject.store.ask(create_of(subject.secret(n))));
    let mut stored = Vec::new();
    for (n, answer) in (0..).zip(future::join_all(creates).await) {
        match answer {
            Ok(_stored) => stored.push(n),
            Err(error) => assert!(matches!(error, StoreError::Busy), "{error:?}"),
        }
    }
    assert_eq!(present(&subject).await, stored);
}

/// Which of the [`MANY`] secrets are stored. Takes them.
async fn present<B: Backend>(subject: &Subject<B>) -> Vec<u32> {
    let mut present = Vec::new();
    for n in 0..MANY {
        if subject.take(n).await.is_some() {
            present.push(n);
        }
    }
    present
}

pub(super) async fn a_cancelled_call_is_not_run<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    subject.create_all([1, 2]).await;
    let paused = pause(store);
    assert!(store.ask(take_of(only(1))).now_or_never().is_none());
    assert!(store.ask(Burn(only(2))).now_or_never().is_none());
    assert!(store.ask(create_of(subject.secret(3))).now_or_never().is_none());
    drop(paused);
    assert!(subject.has(1).await);
    assert!(subject.has(2).await);
    assert!(!subject.has(3).await);
}

pub(super) async fn a_cancelled_take_consumes_nothing<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    let kept = subject.create(1).await;
    subject.ask(repeatable_take(1, KEY)).await;
    subject.create_with(2, Terms::PASSPHRASE_AND_RECEIPT).await;
    let paused = pause(store);
    assert!(store.ask(acknowledgement(1, KEY)).now_or_never().is_none());
    assert!(store.ask(wrong_guess(2)).now_or_never().is_none());
    assert!(store.ask(Revoke(receipt(2))).now_or_never().is_none());
    assert!(store.ask(subject.new_secret(3, Terms::REPEATABLE)).now_or_never().is_none());
    drop(paused);
    let again = Taken::Again { secret: kept, wrapped_key: None };
    assert_eq!(subject.ask(repeatable_take(1, KEY)).await, again);
    assert_eq!(subject.state(2).await, State::Pending);
    assert_eq!(subject.ask(wrong_guess(2)).await, Taken::WrongPassphrase { attempts_left: 2 });
    let creation = store.ask(subject.new_secret(3, Terms::REPEATABLE)).await.unwrap();
    assert_eq!(creation, Created::Stored);
}

pub(super) async fn ping_succeeds_while_the_queue_is_full<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let pings = async {
        fill(&subject.store);
        future::try_join(subject.store.insist(Ping), subject.store.insist(Ping)).await
    };
    as_one_batch(&subject.store, pings).await.unwrap();
}

pub(super) async fn many_pings_at_once_all_succeed<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let pings = (0..1_000).map(|_ping| subject.store.insist(Ping));
    future::try_join_all(pings).await.unwrap();
}

pub(super) async fn an_unresponsive_store_is_unhealthy<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let paused = pause(&subject.store);
    // Tokio's paused clock advances by itself when all tasks are idle.
    tokio::time::pause();
    // For one second, the last commit counts as proof of health.
    while subject.store.health().await.is_ok() {}
    let asked = Instant::now();
    let health = future::join_all((0..100).map(|_| subject.store.health())).await;
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    for health in health {
        assert!(matches!(health, Err(StoreError::Silent)), "{health:?}");
    }
    tokio::time::resume();
    drop(paused);
    subject.store.health().await.unwrap();
}

pub(super) async fn cancelled_health_checks_queue_at_most_one_ping<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    let queue = || metric::<u64>(store, "viewonce_store_queue_messages").unwrap();
    let paused = pause(store);
    tokio::time::pause();
    while store.health().await.is_ok() {}
    let before = queue();
    for _ in 0..100 {
        assert!(timeout(Duration::from_millis(1), store.health()).await.is_err());
    }
    tokio::time::resume();
    assert!(queue() <= before, "{} then {}", before, queue());
    drop(paused);
    store.health().await.unwrap();
}

/// How many commits have been attempted.
fn commits(store: &Store) -> u64 {
    metric(store, "viewonce_store_commit_duration_seconds_count").unwrap()
}

pub(super) async fn concurrent_health_checks_share_one_ping<B: Backend>() {
    let subject = Subject::<B>::start_just_now();
    let before = commits(&subject.store);
    let health = (0..1_000).map(|_| subject.store.health());
    future::try_join_all(health).await.unwrap();
    // One transaction for the ping, one for the write at the store's start.
    assert!(commits(&subject.store) - before <= 2);
}

pub(super) async fn a_recent_commit_answers_a_health_check<B: Backend>() {
    let subject = Subject::<B>::start().await;
    // On a slow machine the commit may be too old: retry.
    loop {
        let began = Instant::now();
        subject.create(1).await;
        let before = commits(&subject.store);
        subject.store.health().await.unwrap();
        if began.elapsed() < Duration::from_secs(1) {
            assert_eq!(commits(&subject.store), before);
            return;
        }
        subject.burn(1).await;
    }
}

pub(super) async fn a_ping_flushes_no_batch<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    let batches = || metric::<u64>(store, "viewonce_store_batch_messages_count").unwrap();
    let calls = async {
        let before = batches();
        let calls = (0..40).map(|n| future::join(subject.create(n), store.insist(Ping)));
        future::join_all(calls).await;
        batches() - before
    };
    assert_eq!(as_one_batch(store, calls).await, 1);
}

pub(super) async fn purge_runs_while_the_queue_is_full<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let purges = async {
        fill(&subject.store);
        future::try_join(subject.store.insist(Purge), subject.store.insist(Purge)).await
    };
    let (first, _) = as_one_batch(&subject.store, purges).await.unwrap();
    assert_eq!(first, Purged { secrets: 0, is_complete: true });
}

pub(super) async fn survey_runs_while_the_queue_is_full<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let survey = async {
        fill(&subject.store);
        subject.store.insist(Survey { known: Vec::new(), after: None }).await
    };
    let surveyed = as_one_batch(&subject.store, survey).await.unwrap();
    assert_eq!(surveyed, Surveyed { unknown_keys: 0, next: None });
}

/// Fills the queue of a paused store.
fn fill(store: &Store) {
    let mut answers = (0..MANY).filter_map(|_peek| store.ask(Peek(Vec::new())).now_or_never());
    assert!(matches!(answers.next(), Some(Err(StoreError::Busy))));
}
