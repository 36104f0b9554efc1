//! A secret that was taken with a key can be taken again with the same key for a limited time; for all
//! other callers it is gone.

use std::time::Duration;

use futures_util::future;
use viewonce::domain::clock::Timestamp;
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{Acknowledge, ReceiptStatus, Rules, State, Take, Taken};

use crate::backend::{Backend, RULES, Subject};
use crate::deadline::until_its_instant;
use crate::samples::{KEY, Terms, plain_take, redelivery_id, repeatable_take, secret};

const RACERS: u32 = 8;
const SECRETS: u32 = 50;

pub(super) async fn a_repeat_is_found_under_any_of_several_keys_of_the_server<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let under = |keys: &[u32]| Take {
        redelivery_ids: keys.iter().map(|key| redelivery_id(1, *key)).collect(),
        ..plain_take(1)
    };
    let sealed = subject.create_with(1, Terms::RECEIPT).await;
    assert_eq!(subject.ask(under(&[7, 8, 9])).await, Taken::Secret(sealed.clone()));
    // The secret is kept under the first key alone.
    assert_eq!(subject.ask(under(&[8, 9])).await, Taken::Nothing);
    for keys in [&[7][..], &[5, 6, 7], &[7, 8, 9]] {
        assert_eq!(subject.ask(under(keys)).await, again(&sealed), "{keys:?}");
    }
    let acknowledge = async |keys: &[u32]| {
        let Take { candidates, redelivery_ids, .. } = under(keys);
        subject.store.ask(Acknowledge { candidates, redelivery_ids }).await.unwrap()
    };
    assert!(!acknowledge(&[8, 9]).await);
    assert!(acknowledge(&[5, 7, 9]).await);
    assert_eq!(subject.ask(under(&[7])).await, Taken::Nothing);
}

pub(super) async fn a_repeat_is_possible_until_the_instant_its_time_is_up<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let prepare = async |subject: &Subject<B>, n| {
        keep(subject, n).await;
        // A repeat does not prolong the window.
        subject.clock.advance(RULES.redelivery / 2);
        assert!(is_kept(subject, n).await);
        ended_at(subject, n).await.plus(RULES.redelivery)
    };
    until_its_instant(&subject, prepare, async |subject, n| is_kept(subject, n).await).await;
}

pub(super) async fn acknowledge_ends_a_repeat_until_the_instant_its_time_is_up<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let prepare = async |subject: &Subject<B>, n| {
        keep(subject, n).await;
        ended_at(subject, n).await.plus(RULES.redelivery)
    };
    until_its_instant(&subject, prepare, async |subject, n| subject.acknowledge(n, KEY).await)
        .await;
}

pub(super) async fn no_repeat_is_possible_from_the_instant_of_expiry_on<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let prepare = async |subject: &Subject<B>, n| {
        let expires_at = subject.clock.now().plus(RULES.redelivery / 2);
        subject.store.ask(Terms::RECEIPT.of(n, secret(n, expires_at))).await.unwrap();
        assert!(matches!(subject.ask(repeatable_take(n, KEY)).await, Taken::Secret(_)));
        expires_at
    };
    until_its_instant(&subject, prepare, async |subject, n| {
        assert_eq!(subject.state(n).await, State::Viewed);
        is_kept(subject, n).await
    })
    .await;
}

pub(super) async fn a_store_without_a_repeat_window_keeps_no_repeat<B: Backend>() {
    let subject = Subject::<B>::start_with(Rules { redelivery: Duration::ZERO, ..RULES });
    keep(&subject, 1).await;
    assert_eq!(subject.ask(repeatable_take(1, KEY)).await, Taken::Nothing);
    assert!(!subject.acknowledge(1, KEY).await);
    assert_eq!(subject.state(1).await, State::Viewed);
}

pub(super) async fn one_of_many_keys_gets_the_secret_and_all_its_repeats<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for n in 0..SECRETS {
        let sealed = subject.create_with(n, Terms::RECEIPT).await;
        // Rotate the order, so that each key comes first in some round.
        let keys = (0..RACERS * RACERS).map(|call| (call + n) % RACERS);
        let calls = keys.map(async |key| (key, subject.ask(repeatable_take(n, key)).await));
        let mut answers = future::join_all(calls).await;
        answers.retain(|(_key, taken)| *taken != Taken::Nothing);
        let (winner, first) = answers.remove(0);
        assert_eq!(first, Taken::Secret(sealed.clone()), "{n}");
        assert_eq!(answers, vec![(winner, again(&sealed)); RACERS as usize - 1], "{n}");
    }
}

/// Stores secret number `n` with a receipt, and takes it with [`KEY`].
async fn keep<B: Backend>(subject: &Subject<B>, n: u32) -> SealedSecret {
    let sealed = subject.create_with(n, Terms::RECEIPT).await;
    assert_eq!(subject.ask(repeatable_take(n, KEY)).await, Taken::Secret(sealed.clone()));
    sealed
}

async fn is_kept<B: Backend>(subject: &Subject<B>, n: u32) -> bool {
    subject.ask(repeatable_take(n, KEY)).await != Taken::Nothing
}

async fn ended_at<B: Backend>(subject: &Subject<B>, n: u32) -> Timestamp {
    let ReceiptStatus { ended_at, .. } = subject.receipt_status(n).await.unwrap();
    ended_at.unwrap()
}

/// The answer to a repeat without a passphrase.
fn again(sealed: &SealedSecret) -> Taken {
    Taken::Again { secret: sealed.clone(), wrapped_key: None }
}
