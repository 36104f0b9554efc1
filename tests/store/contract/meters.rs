//! What a store tells of what it does: what has committed, once, and how many secrets live, however
//! they come and go while those are counted that were there at the start.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt as _, future};
use viewonce::meter::Counter;
use viewonce::store::StoreMeters;
use viewonce::store::{CREATIONS_KEPT, StoreError};

use crate::backend::{Backend, RULES, Subject};
use crate::batch::as_one_batch;
use crate::held::hold;
use crate::samples::{HOUR, KEY, Terms, claiming, guessing, knowing_and_claiming, only, receipt};

/// Secrets that are there at the start: more than two surveys look at.
const OLD: u32 = 2_500;
/// Messages that a small mailbox lets wait.
const FEW: usize = 4;

fn meters<B: Backend>(subject: &Subject<B>) -> Arc<StoreMeters> {
    Arc::clone(subject.store.meters())
}

pub(super) async fn a_store_tells_what_became_of_its_secrets<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let meters = meters(&subject);
    let told = || {
        let StoreMeters { created, viewed, burned, locked, expired, .. } = &*meters;
        [created, viewed, burned, locked, expired].map(Counter::get)
    };
    subject.confide_all(0..8, Terms::ALL).await;
    assert_eq!(told(), [8, 0, 0, 0, 0]);
    for _again in 0..2 {
        subject.ask(knowing_and_claiming(0, KEY)).await;
        subject.store.create(subject.new_secret(0, Terms::ALL)).await.unwrap();
        subject.burn(1).await;
        subject.revoke(2).await;
        subject.take(9).await;
    }
    for _attempt in 0..RULES.attempts {
        assert_eq!(told(), [8, 1, 2, 0, 0]);
        subject.ask(guessing(3)).await;
    }
    subject.burn(0).await;
    assert_eq!(told(), [8, 1, 2, 1, 0]);
    subject.clock.advance(HOUR);
    assert!(!subject.has(4).await);
    assert_eq!(told(), [8, 1, 2, 1, 0]);
    subject.store.purge().await.unwrap();
    assert_eq!(told(), [8, 1, 2, 1, 4]);
}

pub(super) async fn a_create_that_fails_alone_is_not_counted<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create(1).await;
    subject.store.create(subject.secret(1)).await.unwrap_err();
    let meters = meters(&subject);
    assert_eq!([meters.created.get(), meters.failed.get()], [1, 0]);
}

pub(super) async fn the_living_are_counted_whatever_comes_and_goes_meanwhile<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all(0..OLD).await;
    let subject = subject.restart().await;
    let meters = meters(&subject);
    let mut next = subject.store.survey(Vec::new(), None).await.unwrap().next;
    let mut living = i64::from(OLD);
    for round in 0.. {
        // Of those all over the store, some go and some come, whether they are counted already or not.
        let some = |n: u32| n % 40 == round;
        future::join_all((0..OLD).filter(|n| some(*n)).map(|n| subject.burn(n))).await;
        let new = OLD + 100 * round..OLD + 100 * (round + 1);
        subject.create_all(new.clone()).await;
        future::join_all(new.step_by(2).map(|n| subject.take(n))).await;
        living += 50 - i64::try_from((0..OLD).filter(|n| some(*n)).count()).unwrap();
        // Another survey from the beginning counts nothing.
        subject.store.survey(Vec::new(), None).await.unwrap();
        assert_eq!(meters.living(), None);
        next = subject.store.survey(Vec::new(), next).await.unwrap().next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(meters.living(), Some(living));
    subject.burn(OLD - 1).await;
    subject.clock.advance(HOUR);
    assert_eq!(meters.living(), Some(living - 1));
    while !subject.store.purge().await.unwrap().is_complete {}
    assert_eq!(meters.living(), Some(0));
}

pub(super) async fn what_waits_in_the_queue_is_told<B: Backend>() {
    let subject = Subject::<B>::start_with_mailbox(FEW).await;
    let (store, meters) = (&subject.store, meters(&subject));
    let held = hold(store);
    assert_eq!(meters.queue.get(), 0);
    let mut creates: Vec<_> = (0..20).map(|n| Box::pin(store.create(subject.secret(n)))).collect();
    let answers = creates.iter_mut().map(|create| future::poll_immediate(create.as_mut()));
    let answers = future::join_all(answers).await;
    let refused = answers.iter().filter(|answer| matches!(answer, Some(Err(StoreError::Busy))));
    let waiting = i64::try_from(creates.len() - refused.count()).unwrap();
    assert!(waiting >= 4, "{waiting}");
    assert_eq!(meters.queue.get(), waiting);
    // Whoever leaves stays in the queue until his turn comes.
    drop(creates);
    assert_eq!(meters.queue.get(), waiting);
    drop(held);
    store.ping().await.unwrap();
    assert_eq!(meters.queue.get(), 0);
    // Whether its sender has gone or not.
    drop(store.inspect(receipt(1)).now_or_never());
    store.survey(Vec::new(), None).await.unwrap();
    assert_eq!(meters.queue.get(), 0);
}

pub(super) async fn the_messages_of_a_batch_are_told<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let meters = meters(&subject);
    let in_sixteen = || meters.batches.buckets().find(|(bound, _)| *bound == Some(16)).unwrap().1;
    let (sum, commits) = (meters.batches.sum(), count(&meters));
    let peeks = (0..12).map(|n| subject.store.peek(only(n)));
    as_one_batch(&subject.store, future::join_all(peeks)).await;
    assert_eq!(in_sixteen(), 1);
    // Of the one that is held, there may have been more than one.
    assert!(meters.batches.sum() >= sum + 13);
    assert!(count(&meters) >= commits + 2);
}

/// COMMITs.
fn count(meters: &StoreMeters) -> u64 {
    meters.commits.buckets().map(|(_bound, count)| count).sum()
}

pub(super) async fn what_is_to_be_purged_is_told_by_its_age<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let meters = meters(&subject);
    let minutes = || {
        let lag = meters.purge_lag(subject.clock.look().settled.as_millis()).unwrap();
        Duration::from_millis(lag).as_secs() / 60
    };
    assert_eq!(meters.purge_lag(i64::MAX), None);
    subject.store.purge().await.unwrap();
    assert_eq!(meters.purge_lag(i64::MAX), Some(0));
    subject.confide_all([1, 2], Terms::ALL).await;
    subject.ask(knowing_and_claiming(1, KEY)).await;
    let (mut passed, early) = (Duration::ZERO, Duration::from_secs(30));
    // What is kept for a repeat, what lives, what is known of the creation, and of the end.
    let ends = [RULES.redelivery, HOUR, CREATIONS_KEPT, RULES.receipts_kept];
    for end in ends {
        subject.clock.advance(end.saturating_sub(passed + early));
        assert_eq!(minutes(), 0);
        subject.store.purge().await.unwrap();
        subject.clock.advance(early + Duration::from_mins(5));
        assert_eq!(minutes(), 5, "{end:?}");
        subject.store.purge().await.unwrap();
        assert_eq!(minutes(), 0);
        passed = end + Duration::from_mins(5);
    }
    subject.clock.advance(HOUR);
    subject.store.purge().await.unwrap();
    assert_eq!(meters.purge_lag(i64::MAX), Some(0), "nothing is left");
}

pub(super) async fn what_comes_and_ends_between_two_purges_is_told_by_its_age<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let meters = meters(&subject);
    let lag = || meters.purge_lag(subject.clock.look().settled.as_millis()).unwrap() / 1_000;
    subject.store.purge().await.unwrap();
    subject.create(1).await;
    subject.clock.advance(HOUR + Duration::from_secs(20));
    assert!((20..80).contains(&lag()), "{}", lag());
    subject.store.purge().await.unwrap();
    subject.create(2).await;
    subject.ask(claiming(2, KEY)).await;
    subject.clock.advance(RULES.redelivery + Duration::from_secs(20));
    assert!((20..80).contains(&lag()), "{}", lag());
}

pub(super) async fn a_purge_that_leaves_something_tells_its_age<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let meters = meters(&subject);
    subject.create_all(0..450).await;
    subject.clock.advance(2 * HOUR);
    let lag = || meters.purge_lag(subject.clock.look().settled.as_millis()).unwrap();
    while !subject.store.purge().await.unwrap().is_complete {
        assert!(lag() >= 3_600_000, "{}", lag());
    }
    assert_eq!(lag(), 0);
}
