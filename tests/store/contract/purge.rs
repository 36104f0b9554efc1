//! A purge deletes expired rows, and nothing else.

use std::ops::Range;
use std::time::Duration;

use futures_util::future;
use viewonce::domain::clock::Timestamp;
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{CREATIONS_KEPT, Created, Purge, Purged, Rules, StoreError, Taken};

use crate::backend::{Backend, RULES, Subject};
use crate::samples::{HOUR, KEY, Terms, create_of, lookup_id, repeatable_take};

/// The most secrets that one purge deletes.
const PORTION: usize = 200;
/// Sealed bytes of a secret so large that one purge deletes at most three.
const LARGE: usize = 6_000_000;
/// Longer than the work before an instant takes.
const A_LITTLE: Duration = Duration::from_secs(20);
/// One and a half portions.
const TWO_PORTIONS: u32 = 300;

pub(super) async fn purge_deletes_the_expired_and_leaves_the_living<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all(0..5).await;
    subject.clock.advance(HOUR);
    subject.create_all(5..10).await;
    let purged = subject.store.insist(Purge).await.unwrap();
    assert_eq!(purged, Purged { secrets: 5, is_complete: true });
    let purged = subject.store.insist(Purge).await.unwrap();
    assert_eq!(purged, Purged { secrets: 0, is_complete: true });
    for n in 5..10 {
        assert!(subject.take(n).await.is_some(), "{n}");
    }
}

pub(super) async fn purge_deletes_in_portions_and_says_when_it_is_complete<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all(0..2_500).await;
    // A purge deletes more if more was stored since the last one.
    subject.store.insist(Purge).await.unwrap();
    subject.clock.advance(HOUR);
    subject.create_all(2_500..2_600).await;
    let mut secrets = 0;
    loop {
        let purged = subject.store.insist(Purge).await.unwrap();
        assert!(purged.secrets <= PORTION + 100, "{purged:?}");
        secrets += purged.secrets;
        if purged.is_complete {
            break;
        }
    }
    assert_eq!(secrets, 2_500);
    for n in 2_500..2_600 {
        assert!(subject.has(n).await, "{n}");
    }
}

/// Deleting a large secret takes long, because a backend has to read all of its pages.
pub(super) async fn purge_deletes_large_secrets_a_few_at_a_time<B: Backend>() {
    let subject = Subject::<B>::start().await;
    create_of_size(&subject, 0..8, LARGE).await;
    subject.clock.advance(HOUR);
    for (secrets, is_complete) in [(3, false), (3, false), (2, true)] {
        assert_eq!(subject.store.insist(Purge).await.unwrap(), Purged { secrets, is_complete });
    }
}

pub(super) async fn purge_deletes_large_repeats_a_few_at_a_time<B: Backend>() {
    let subject = Subject::<B>::start().await;
    create_of_size(&subject, 0..8, LARGE).await;
    keep_all(&subject, 0..8).await;
    subject.clock.advance(RULES.redelivery);
    for is_complete in [false, false, true] {
        let purged = subject.store.insist(Purge).await.unwrap();
        assert_eq!(purged, Purged { secrets: 0, is_complete });
    }
}

pub(super) async fn purge_deletes_repeats_in_portions<B: Backend>() {
    let subject = Subject::<B>::start().await;
    create_of_size(&subject, 0..TWO_PORTIONS, 1).await;
    keep_all(&subject, 0..TWO_PORTIONS).await;
    subject.clock.advance(RULES.redelivery);
    assert_takes_two_purges(&subject).await;
}

pub(super) async fn a_purge_deletes_what_was_stored_since_the_last_one_and_more<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all(0..1_500).await;
    subject.store.insist(Purge).await.unwrap();
    subject.clock.advance(HOUR);
    subject.create_all(1_500..2_500).await;
    let purged = subject.store.insist(Purge).await.unwrap();
    assert!(purged.secrets > 1_000, "{purged:?}");
}

pub(super) async fn creations_are_refused_while_purges_are_behind<B: Backend>() {
    let rules = Rules { erase_within: Duration::from_mins(10), ..RULES };
    let subject = Subject::<B>::start_with(rules);
    subject.create_all(0..2_000).await;
    subject.store.insist(Purge).await.unwrap();
    // Numbers whose rows are behind those of the expired secrets that the first portion leaves.
    let mut later = (2_000..).filter(|n| lookup_id(*n).instant().as_millis() > 25);
    let [first, second, third] = [(); 3].map(|()| later.next().unwrap());
    let first = subject.new_secret(first, Terms::REPEATABLE);
    subject.store.ask(first.clone()).await.unwrap();
    subject.clock.advance(HOUR + Duration::from_mins(5) + Duration::from_secs(1));
    subject.create(second).await;
    assert!(!subject.store.insist(Purge).await.unwrap().is_complete);
    let refused = subject.store.ask(create_of(subject.secret(third))).await.unwrap_err();
    assert!(matches!(refused, StoreError::Busy), "{refused:?}");
    assert!(matches!(subject.store.ask(first).await.unwrap(), Created::Before(_)));
    assert!(subject.take(second).await.is_some(), "views go on");
    while !subject.store.insist(Purge).await.unwrap().is_complete {}
    subject.create(third).await;
}

/// Stores these secrets with `length` sealed bytes each.
async fn create_of_size<B: Backend>(subject: &Subject<B>, numbers: Range<u32>, length: usize) {
    let secrets =
        numbers.map(|n| SealedSecret { ciphertext: vec![0xa5; length], ..subject.secret(n) });
    let creates = secrets.map(|secret| subject.store.ask(create_of(secret)));
    future::try_join_all(creates).await.unwrap();
    subject.store.insist(Purge).await.unwrap();
}

/// Takes these secrets repeatably, so that the store keeps them.
async fn keep_all<B: Backend>(subject: &Subject<B>, numbers: Range<u32>) {
    let keep = async |n| matches!(subject.ask(repeatable_take(n, KEY)).await, Taken::Secret(_));
    let kept = future::join_all(numbers.map(keep)).await;
    assert!(kept.iter().all(|is_kept| *is_kept));
}

pub(super) async fn purge_deletes_receipts_in_portions<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with(0..TWO_PORTIONS, Terms::RECEIPT).await;
    subject.store.insist(Purge).await.unwrap();
    burn_all(&subject).await;
    subject.clock.advance(RULES.receipts_kept);
    assert_takes_two_purges(&subject).await;
}

pub(super) async fn purge_deletes_creations_in_portions<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with(0..TWO_PORTIONS, Terms::REPEATABLE).await;
    subject.store.insist(Purge).await.unwrap();
    burn_all(&subject).await;
    subject.clock.advance(CREATIONS_KEPT);
    assert_takes_two_purges(&subject).await;
}

async fn burn_all<B: Backend>(subject: &Subject<B>) {
    let burned = future::join_all((0..TWO_PORTIONS).map(|n| subject.burn(n))).await;
    assert!(burned.iter().all(|is_burned| *is_burned));
}

/// Asserts that the rows beside the secrets are deleted by exactly two purges.
async fn assert_takes_two_purges<B: Backend>(subject: &Subject<B>) {
    for is_complete in [false, true, true] {
        let purged = subject.store.insist(Purge).await.unwrap();
        assert_eq!(purged, Purged { secrets: 0, is_complete });
    }
}

pub(super) async fn purge_leaves_a_receipt_until_its_time_is_up<B: Backend>() {
    let prepare = async |subject: &Subject<B>, n| {
        subject.create_with(n, Terms::RECEIPT).await;
        subject.burn(n).await;
        ended_at(subject, n).await.plus(RULES.receipts_kept)
    };
    leaves_until(prepare, async |subject, n| subject.receipt_status(n).await.is_some()).await;
}

pub(super) async fn purge_leaves_a_repeat_until_its_time_is_up<B: Backend>() {
    let prepare = async |subject: &Subject<B>, n| {
        subject.create_with(n, Terms::RECEIPT).await;
        subject.ask(repeatable_take(n, KEY)).await;
        ended_at(subject, n).await.plus(RULES.redelivery)
    };
    let is_there = async |subject: &Subject<B>, n| {
        subject.ask(repeatable_take(n, KEY)).await != Taken::Nothing
    };
    leaves_until(prepare, is_there).await;
}

pub(super) async fn purge_leaves_a_creation_until_its_time_is_up<B: Backend>() {
    let prepare = async |subject: &Subject<B>, n| {
        subject.create_with(n, Terms::REPEATABLE_WITH_RECEIPT).await;
        subject.take(n).await;
        subject.receipt_status(n).await.unwrap().created_at.plus(CREATIONS_KEPT)
    };
    leaves_until(prepare, async |subject: &Subject<B>, n| {
        let again = subject.new_secret(n, Terms::REPEATABLE);
        subject.store.ask(again).await.unwrap() != Created::Stored
    })
    .await;
}

/// Asserts that the result of `prepare` `is_there` after a purge shortly before its expiry. (Not one
/// millisecond before: a purge takes longer.)
async fn leaves_until<B: Backend>(
    prepare: impl AsyncFn(&Subject<B>, u32) -> Timestamp,
    is_there: impl AsyncFn(&Subject<B>, u32) -> bool,
) {
    let subject = Subject::<B>::start().await;
    for n in 0..10 {
        let instant = prepare(&subject, n).await;
        subject.clock.advance(subject.clock.until(instant).saturating_sub(A_LITTLE));
        subject.store.insist(Purge).await.unwrap();
        assert!(is_there(&subject, n).await, "{n}");
        subject.clock.advance(A_LITTLE);
        subject.store.insist(Purge).await.unwrap();
        assert!(!is_there(&subject, n).await, "{n}");
    }
}

async fn ended_at<B: Backend>(subject: &Subject<B>, n: u32) -> Timestamp {
    subject.receipt_status(n).await.unwrap().ended_at.unwrap()
}
