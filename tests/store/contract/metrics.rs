//! The metrics of a store: each committed change counts once, and the living secrets are counted exactly
//! although secrets are created and deleted during the initial count.

use std::time::Duration;

use futures_util::{FutureExt as _, future};
use viewonce::store::{
    CREATIONS_KEPT, Count, Inspect, Peek, Ping, Purge, Store, StoreError, Survey,
};

use crate::backend::{Backend, RULES, Subject};
use crate::batch::as_one_batch;
use crate::metric::metric;
use crate::paused_store::pause;
use crate::samples::{
    HOUR, KEY, Terms, create_of, only, receipt, repeatable_take, repeatable_unlock, wrong_guess,
};

/// Secrets stored before the start: more than two portions of the count.
const OLD: u32 = 2_500;
/// Capacity of a small mailbox.
const FEW: usize = 4;

const QUEUE: &str = "viewonce_store_queue_messages";

/// The number of living secrets, once it is known.
fn living(store: &Store) -> Option<i64> {
    metric(store, "viewonce_secrets_living")
}

/// The purge lag, once it is known.
fn lag(store: &Store) -> Option<Duration> {
    metric(store, "viewonce_purge_lag_seconds").map(Duration::from_secs_f64)
}

pub(super) async fn the_metrics_count_how_secrets_ended_in_a_store<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let counts = || -> [u64; 5] {
        let names = ["created", "viewed", "burned", "locked", "expired"];
        names.map(|name| metric(&subject.store, &format!("viewonce_secrets_{name}_total")).unwrap())
    };
    subject.create_all_with(0..8, Terms::ALL).await;
    assert_eq!(counts(), [8, 0, 0, 0, 0]);
    for _again in 0..2 {
        subject.ask(repeatable_unlock(0, KEY)).await;
        subject.store.ask(subject.new_secret(0, Terms::ALL)).await.unwrap();
        subject.burn(1).await;
        subject.revoke(2).await;
        subject.take(9).await;
    }
    for _attempt in 0..RULES.attempts {
        assert_eq!(counts(), [8, 1, 2, 0, 0]);
        subject.ask(wrong_guess(3)).await;
    }
    subject.burn(0).await;
    assert_eq!(counts(), [8, 1, 2, 1, 0]);
    subject.clock.advance(HOUR);
    assert!(!subject.has(4).await);
    assert_eq!(counts(), [8, 1, 2, 1, 0]);
    subject.store.insist(Purge).await.unwrap();
    assert_eq!(counts(), [8, 1, 2, 1, 4]);
}

pub(super) async fn a_create_that_fails_alone_is_not_counted<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create(1).await;
    subject.store.ask(create_of(subject.secret(1))).await.unwrap_err();
    let names = ["viewonce_secrets_created_total", "viewonce_store_commits_failed_total"];
    assert_eq!(names.map(|name| metric::<u64>(&subject.store, name)), [Some(1), Some(0)]);
}

pub(super) async fn living_secrets_are_counted_exactly_despite_concurrent_changes<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all(0..OLD).await;
    let subject = subject.restart().await;
    assert!(!subject.store.insist(Count).await.unwrap());
    let mut expected = i64::from(OLD);
    for round in 0.. {
        // Delete and create secrets in counted and in uncounted parts of the store.
        let some = |n: u32| n % 40 == round;
        future::join_all((0..OLD).filter(|n| some(*n)).map(|n| subject.burn(n))).await;
        let new = OLD + 100 * round..OLD + 100 * (round + 1);
        subject.create_all(new.clone()).await;
        future::join_all(new.step_by(2).map(|n| subject.take(n))).await;
        expected += 50 - i64::try_from((0..OLD).filter(|n| some(*n)).count()).unwrap();
        assert_eq!(living(&subject.store), None);
        if subject.store.insist(Count).await.unwrap() {
            break;
        }
    }
    assert_eq!(living(&subject.store), Some(expected));
    // A second count changes nothing.
    assert!(subject.store.insist(Count).await.unwrap());
    assert_eq!(living(&subject.store), Some(expected));
    subject.burn(OLD - 1).await;
    subject.clock.advance(HOUR);
    assert_eq!(living(&subject.store), Some(expected - 1));
    while !subject.store.insist(Purge).await.unwrap().is_complete {}
    assert_eq!(living(&subject.store), Some(0));
}

pub(super) async fn the_length_of_the_queue_is_reported<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let store = &subject.store;
    let queue = || metric::<usize>(store, QUEUE).unwrap();
    let paused = pause(store);
    assert_eq!(queue(), 0);
    let mut creates: Vec<_> =
        (0..20).map(|n| Box::pin(store.ask(create_of(subject.secret(n))))).collect();
    let answers = creates.iter_mut().map(|create| future::poll_immediate(create.as_mut()));
    let answers = future::join_all(answers).await;
    let refused = answers.iter().filter(|answer| matches!(answer, Some(Err(StoreError::Busy))));
    let waiting = creates.len() - refused.count();
    assert!(waiting >= 4, "{waiting}");
    assert_eq!(queue(), waiting);
    // A cancelled message stays in the queue until the store reaches it.
    drop(creates);
    assert_eq!(queue(), waiting);
    drop(paused);
    store.insist(Ping).await.unwrap();
    assert_eq!(queue(), 0);
    // The gauge also drops for a cancelled message.
    drop(store.ask(Inspect(receipt(1))).now_or_never());
    store.insist(Survey { known: Vec::new(), after: None }).await.unwrap();
    assert_eq!(queue(), 0);
}

pub(super) async fn the_messages_of_a_batch_are_counted<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let value = |series: &str| -> u64 {
        metric(&subject.store, &format!("viewonce_store_{series}")).unwrap()
    };
    let in_batches = || value("batch_messages_sum");
    let commits = || value("commit_duration_seconds_count");
    let (messages_before, commits_before) = (in_batches(), commits());
    let peeks = (0..12).map(|n| subject.store.ask(Peek(only(n))));
    as_one_batch(&subject.store, future::join_all(peeks)).await;
    let [up_to_eight, up_to_sixteen] =
        [8, 16].map(|bound| value(&format!("batch_messages_bucket{{le=\"{bound}\"}}")));
    assert_eq!(up_to_sixteen - up_to_eight, 1);
    // The pause may have taken more than one message.
    assert!(in_batches() >= messages_before + 13);
    assert!(commits() >= commits_before + 2);
}

pub(super) async fn the_purge_lag_is_the_age_of_the_oldest_unpurged_row<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let minutes = || lag(&subject.store).unwrap().as_secs() / 60;
    assert_eq!(lag(&subject.store), None);
    subject.store.insist(Purge).await.unwrap();
    assert_eq!(lag(&subject.store), Some(Duration::ZERO));
    subject.create_all_with([1, 2], Terms::ALL).await;
    subject.ask(repeatable_unlock(1, KEY)).await;
    let (mut passed, early) = (Duration::ZERO, Duration::from_secs(30));
    // The repeat ends first, then the secret, the remembered creation and the receipt.
    let ends = [RULES.redelivery, HOUR, CREATIONS_KEPT, RULES.receipts_kept];
    for end in ends {
        subject.clock.advance(end.saturating_sub(passed + early));
        assert_eq!(minutes(), 0);
        subject.store.insist(Purge).await.unwrap();
        subject.clock.advance(early + Duration::from_mins(5));
        assert_eq!(minutes(), 5, "{end:?}");
        subject.store.insist(Purge).await.unwrap();
        assert_eq!(minutes(), 0);
        passed = end + Duration::from_mins(5);
    }
    subject.clock.advance(HOUR);
    subject.store.insist(Purge).await.unwrap();
    subject.clock.advance(CREATIONS_KEPT + RULES.receipts_kept);
    assert_eq!(lag(&subject.store), Some(Duration::ZERO), "nothing is left");
}

pub(super) async fn the_purge_lag_covers_rows_that_expire_between_two_purges<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let seconds = || lag(&subject.store).unwrap().as_secs();
    subject.store.insist(Purge).await.unwrap();
    subject.create(1).await;
    subject.clock.advance(HOUR + Duration::from_secs(20));
    assert!((20..80).contains(&seconds()), "{}", seconds());
    subject.store.insist(Purge).await.unwrap();
    subject.create(2).await;
    subject.ask(repeatable_take(2, KEY)).await;
    subject.clock.advance(RULES.redelivery + Duration::from_secs(20));
    assert!((20..80).contains(&seconds()), "{}", seconds());
}

pub(super) async fn the_purge_lag_persists_until_a_purge_is_complete<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all(0..450).await;
    subject.clock.advance(2 * HOUR);
    let lag = || lag(&subject.store).unwrap();
    while !subject.store.insist(Purge).await.unwrap().is_complete {
        assert!(lag() >= HOUR, "{:?}", lag());
    }
    assert_eq!(lag(), Duration::ZERO);
}
