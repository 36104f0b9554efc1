//! A survey counts the living secrets under keys that the server does not know, portion by portion,
//! and changes nothing.

use futures_util::future;
use viewonce::domain::id::KeyId;
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{Purge, State, Survey, Surveyed, Taken};

use crate::backend::{Backend, RULES, Subject};
use crate::samples::{HOUR, KEY, Terms, create_of, repeatable_take, secret, unlock, wrong_guess};

/// Number of secrets that one survey reads.
const PORTION: u32 = 1_000;
const KNOWN: [KeyId; 2] = [KeyId::from_bytes([1; 4]), KeyId::from_bytes([2; 4])];
const UNKNOWN: KeyId = KeyId::from_bytes([3; 4]);

pub(super) async fn a_survey_counts_the_secrets_under_unknown_keys<B: Backend>() {
    let subject = Subject::<B>::start().await;
    assert_eq!(portions(&subject).await, [0]);
    for n in 0..12 {
        create(&subject, n, [KNOWN[0], KNOWN[1], UNKNOWN, UNKNOWN][n as usize % 4]).await;
    }
    assert_eq!(portions(&subject).await, [6]);
    let surveyed = subject.store.insist(Survey { known: Vec::new(), after: None }).await.unwrap();
    assert_eq!(surveyed, Surveyed { unknown_keys: 12, next: None });
}

pub(super) async fn a_survey_counts_no_secret_that_has_ended<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with(0..5, Terms::PASSPHRASE_AND_RECEIPT).await;
    subject.clock.advance(HOUR);
    subject.create_all_with(5..10, Terms::PASSPHRASE_AND_RECEIPT).await;
    subject.create_all([10, 11]).await;
    subject.ask(unlock(5)).await;
    subject.burn(6).await;
    subject.revoke(7).await;
    for _attempt in 0..RULES.attempts {
        subject.ask(wrong_guess(8)).await;
    }
    subject.ask(repeatable_take(10, KEY)).await;
    assert_eq!(portions(&subject).await, [2]);
}

pub(super) async fn a_survey_reads_one_portion_at_a_time<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let numbers = 0..2 * PORTION + 500;
    future::join_all(numbers.map(|n| create(&subject, n, UNKNOWN))).await;
    assert_eq!(portions(&subject).await, [PORTION.into(), PORTION.into(), 500]);
}

pub(super) async fn a_survey_counts_remaining_secrets_once_despite_concurrent_changes<
    B: Backend,
>() {
    let subject = Subject::<B>::start().await;
    let key = |n: u32| if n < 500 { UNKNOWN } else { KNOWN[0] };
    let numbers = 0..2 * PORTION + 500;
    future::join_all(numbers.map(|n| create(&subject, n, key(n)))).await;
    let first = subject.store.insist(Survey { known: KNOWN.to_vec(), after: None }).await.unwrap();
    let burned = future::join_all((500..PORTION + 800).map(|n| subject.burn(n))).await;
    assert!(burned.iter().all(|is_burned| *is_burned));
    let new = 3 * PORTION..3 * PORTION + 300;
    future::join_all(new.map(|n| create(&subject, n, KNOWN[0]))).await;
    let mut unknown_keys = first.unknown_keys;
    let mut next = first.next;
    while let Some(place) = next {
        let surveyed = subject
            .store
            .insist(Survey { known: KNOWN.to_vec(), after: Some(place) })
            .await
            .unwrap();
        unknown_keys += surveyed.unknown_keys;
        next = surveyed.next;
    }
    assert_eq!(unknown_keys, 500);
}

pub(super) async fn a_survey_changes_nothing<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let sealed = subject.create_with(1, Terms::PASSPHRASE_AND_RECEIPT).await;
    subject.create_with(2, Terms::RECEIPT).await;
    subject.ask(repeatable_take(2, KEY)).await;
    let expired = secret(3, subject.clock.now());
    subject.store.ask(Terms::RECEIPT.of(3, expired)).await.unwrap();
    assert_eq!(portions(&subject).await, [1]);
    assert_eq!(subject.ask(wrong_guess(1)).await, Taken::WrongPassphrase { attempts_left: 2 });
    assert_eq!(subject.ask(unlock(1)).await, Taken::Secret(sealed));
    assert!(matches!(subject.ask(repeatable_take(2, KEY)).await, Taken::Again { .. }));
    assert_eq!(subject.state(3).await, State::Expired);
    assert_eq!(subject.store.insist(Purge).await.unwrap().secrets, 1);
}

/// Stores secret number `n` under a secret key.
async fn create<B: Backend>(subject: &Subject<B>, n: u32, key_id: KeyId) {
    let sealed = SealedSecret { key_id, ..subject.secret(n) };
    subject.store.ask(create_of(sealed)).await.unwrap();
}

/// The counts of consecutive surveys, each starting where the last one stopped.
async fn portions<B: Backend>(subject: &Subject<B>) -> Vec<u64> {
    let mut portions = Vec::new();
    let mut next = None;
    loop {
        let surveyed =
            subject.store.insist(Survey { known: KNOWN.to_vec(), after: next }).await.unwrap();
        portions.push(surveyed.unknown_keys);
        next = surveyed.next;
        if next.is_none() {
            return portions;
        }
    }
}
