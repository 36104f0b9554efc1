//! A secret that was taken with a key is handed over again to the same key, for a while; it is
//! gone for all others.

use std::time::Duration;

use futures_util::future;
use viewonce::clock::Timestamp;
use viewonce::secret::SealedSecret;
use viewonce::store::{Fate, Rules, State, Take, Taken};

use crate::backend::{Backend, RULES, Subject};
use crate::instant::until_its_instant;
use crate::samples::{
    ANOTHER_KEY, KEY, Terms, claim_id, claiming, guessing, knowing, knowing_and_claiming, receipt,
    secret, taking, wrapped_key,
};

const RACERS: u32 = 8;
const SECRETS: u32 = 50;

pub(super) async fn a_taken_secret_is_handed_over_again_to_the_same_key<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let kept = keep(&subject, 1).await;
    let viewed = subject.fate(1).await;
    assert_eq!(viewed.unwrap().state, State::Viewed);
    for _time in 0..3 {
        assert_eq!(subject.ask(claiming(1, KEY)).await, again(&kept));
    }
    assert_eq!(subject.fate(1).await, viewed);
}

pub(super) async fn what_is_kept_for_a_repeat_is_gone_for_all_others<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for (n, terms) in [(1, Terms::RECEIPT), (2, Terms::PASSPHRASE_AND_RECEIPT)] {
        let kept = subject.confide(n, terms).await;
        let taken = subject.ask(knowing_and_claiming(n, KEY)).await;
        assert_eq!(taken, Taken::Secret(kept));
        let others = [
            taking(n),
            knowing(n),
            guessing(n),
            claiming(n, ANOTHER_KEY),
            knowing_and_claiming(n, ANOTHER_KEY),
            claiming(n + 2, KEY),
        ];
        for other in others {
            assert_eq!(subject.ask(other).await, Taken::Nothing, "{n}");
        }
        assert!(!subject.has(n).await);
        assert!(!subject.acknowledge(n, ANOTHER_KEY).await);
        assert_eq!(subject.state(n).await, State::Viewed);
        assert!(matches!(subject.ask(claiming(n, KEY)).await, Taken::Again { .. }));
    }
}

pub(super) async fn what_was_taken_without_a_key_is_not_kept<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create(1).await;
    assert!(subject.take(1).await.is_some());
    assert_eq!(subject.ask(claiming(1, KEY)).await, Taken::Nothing);
    assert!(!subject.acknowledge(1, KEY).await);
}

/// Whether the passphrase is right was checked by the take; its key comes back as it was given.
pub(super) async fn a_repeat_takes_no_passphrase_and_brings_its_wrapped_key<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let sealed = subject.confide(1, Terms::PASSPHRASE).await;
    let taken = subject.ask(knowing_and_claiming(1, KEY)).await;
    assert_eq!(taken, Taken::Secret(sealed.clone()));
    let again = Taken::Again { sealed, wrapped_key: Some(wrapped_key(1)) };
    let wrong = Take { claims: vec![claim_id(1, KEY)], ..guessing(1) };
    for repeat in [claiming(1, KEY), knowing_and_claiming(1, KEY), wrong.clone(), wrong] {
        assert_eq!(subject.ask(repeat).await, again);
    }
}

pub(super) async fn a_repeat_is_found_under_any_of_several_keys_of_the_server<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let under = |keys: &[u32]| Take {
        claims: keys.iter().map(|key| claim_id(1, *key)).collect(),
        ..taking(1)
    };
    let sealed = subject.confide(1, Terms::RECEIPT).await;
    assert_eq!(subject.ask(under(&[7, 8, 9])).await, Taken::Secret(sealed.clone()));
    // It is kept under the first alone.
    assert_eq!(subject.ask(under(&[8, 9])).await, Taken::Nothing);
    for keys in [&[7][..], &[5, 6, 7], &[7, 8, 9]] {
        assert_eq!(subject.ask(under(keys)).await, again(&sealed), "{keys:?}");
    }
    assert!(!subject.store.acknowledge(under(&[8, 9]).claims).await.unwrap());
    assert!(subject.store.acknowledge(under(&[5, 7, 9]).claims).await.unwrap());
    assert_eq!(subject.ask(under(&[7])).await, Taken::Nothing);
}

pub(super) async fn a_repeat_is_possible_until_the_instant_its_time_is_up<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let prepare = async |subject: &Subject<B>, n| {
        keep(subject, n).await;
        // One that does not prolong it.
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
        subject.store.create(Terms::RECEIPT.of(n, secret(n, expires_at))).await.unwrap();
        assert!(matches!(subject.ask(claiming(n, KEY)).await, Taken::Secret(_)));
        expires_at
    };
    until_its_instant(&subject, prepare, async |subject, n| {
        assert_eq!(subject.state(n).await, State::Viewed);
        is_kept(subject, n).await
    })
    .await;
}

pub(super) async fn a_store_that_keeps_nothing_for_repeats_keeps_nothing<B: Backend>() {
    let subject = Subject::<B>::start_with(Rules { redelivery: Duration::ZERO, ..RULES });
    keep(&subject, 1).await;
    assert_eq!(subject.ask(claiming(1, KEY)).await, Taken::Nothing);
    assert!(!subject.acknowledge(1, KEY).await);
    assert_eq!(subject.state(1).await, State::Viewed);
}

pub(super) async fn acknowledge_ends_a_repeat_once<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let (_, other) = (keep(&subject, 1).await, keep(&subject, 2).await);
    let viewed = subject.fate(1).await;
    assert!(subject.acknowledge(1, KEY).await);
    assert!(!subject.acknowledge(1, KEY).await);
    assert_eq!(subject.ask(claiming(1, KEY)).await, Taken::Nothing);
    assert_eq!(subject.fate(1).await, viewed);
    assert_eq!(subject.ask(claiming(2, KEY)).await, again(&other));
}

pub(super) async fn acknowledge_never_touches_a_living_secret<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for (n, terms) in [(1, Terms::RECEIPT), (2, Terms::PASSPHRASE_AND_RECEIPT)] {
        let sealed = subject.confide(n, terms).await;
        assert!(!subject.acknowledge(n, KEY).await);
        assert!(!subject.store.acknowledge(Vec::new()).await.unwrap());
        assert_eq!(subject.state(n).await, State::Pending);
        assert_eq!(subject.ask(knowing(n)).await, Taken::Secret(sealed));
    }
}

pub(super) async fn burn_ends_a_repeat_and_says_that_nothing_was_burned<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let (_, other) = (keep(&subject, 1).await, keep(&subject, 2).await);
    let viewed = subject.fate(1).await;
    assert!(!subject.burn(1).await);
    assert_eq!(subject.ask(claiming(1, KEY)).await, Taken::Nothing);
    assert!(!subject.acknowledge(1, KEY).await);
    assert_eq!(subject.fate(1).await, viewed);
    assert_eq!(subject.ask(claiming(2, KEY)).await, again(&other));
}

pub(super) async fn revoke_ends_a_repeat_and_says_that_it_was_viewed<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let (_, other) = (keep(&subject, 1).await, keep(&subject, 2).await);
    let viewed = subject.fate(1).await;
    assert_eq!(viewed.unwrap().state, State::Viewed);
    assert_eq!(subject.store.revoke(receipt(1)).await.unwrap(), viewed);
    assert_eq!(subject.ask(claiming(1, KEY)).await, Taken::Nothing);
    assert_eq!(subject.fate(1).await, viewed);
    assert_eq!(subject.ask(claiming(2, KEY)).await, again(&other));
}

pub(super) async fn a_repeat_is_possible_after_a_restart<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let kept = keep(&subject, 1).await;
    let sealed = subject.confide(2, Terms::PASSPHRASE).await;
    subject.ask(knowing_and_claiming(2, KEY)).await;
    keep(&subject, 3).await;
    assert!(subject.acknowledge(3, KEY).await);
    let subject = subject.restart().await;
    assert_eq!(subject.ask(claiming(1, KEY)).await, again(&kept));
    let with_passphrase = Taken::Again { sealed, wrapped_key: Some(wrapped_key(2)) };
    assert_eq!(subject.ask(claiming(2, KEY)).await, with_passphrase);
    assert_eq!(subject.ask(claiming(3, KEY)).await, Taken::Nothing);
}

pub(super) async fn purge_leaves_what_is_kept_for_a_repeat<B: Backend>() {
    let subject = Subject::<B>::start().await;
    keep(&subject, 1).await;
    subject.clock.advance(RULES.redelivery);
    let kept = keep(&subject, 2).await;
    subject.store.purge().await.unwrap();
    assert_eq!(subject.ask(claiming(1, KEY)).await, Taken::Nothing);
    assert_eq!(subject.ask(claiming(2, KEY)).await, again(&kept));
}

pub(super) async fn of_many_keys_one_gets_the_secret_and_all_its_repeats<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for n in 0..SECRETS {
        let sealed = subject.confide(n, Terms::RECEIPT).await;
        // All keys by turns, each of them the first one day.
        let keys = (0..RACERS * RACERS).map(|call| (call + n) % RACERS);
        let calls = keys.map(async |key| (key, subject.ask(claiming(n, key)).await));
        let mut answers = future::join_all(calls).await;
        answers.retain(|(_key, taken)| *taken != Taken::Nothing);
        let (winner, first) = answers.remove(0);
        assert_eq!(first, Taken::Secret(sealed.clone()), "{n}");
        assert_eq!(answers, vec![(winner, again(&sealed)); RACERS as usize - 1], "{n}");
    }
}

/// Stores secret number `n` with a receipt, and takes it with [`KEY`].
async fn keep<B: Backend>(subject: &Subject<B>, n: u32) -> SealedSecret {
    let sealed = subject.confide(n, Terms::RECEIPT).await;
    assert_eq!(subject.ask(claiming(n, KEY)).await, Taken::Secret(sealed.clone()));
    sealed
}

async fn is_kept<B: Backend>(subject: &Subject<B>, n: u32) -> bool {
    subject.ask(claiming(n, KEY)).await != Taken::Nothing
}

async fn ended_at<B: Backend>(subject: &Subject<B>, n: u32) -> Timestamp {
    let Fate { ended_at, .. } = subject.fate(n).await.unwrap();
    ended_at.unwrap()
}

/// What a repeat without a passphrase is answered.
fn again(sealed: &SealedSecret) -> Taken {
    Taken::Again { sealed: sealed.clone(), wrapped_key: None }
}
