//! Take, peek and burn.

use futures_util::future;

use crate::backend::{Backend, Subject};
use crate::samples::{Terms, lookup_id, only};
use viewonce::store::{Acknowledge, Burn, Inspect, Peek, Revoke, Watch};

const SECRETS: u32 = 200;
const RACERS: u32 = 32;

pub(super) async fn take_returns_a_secret_once_among_many_racers<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all(0..SECRETS).await;
    let race = (0..RACERS).flat_map(|_racer| 0..SECRETS);
    let taken = future::join_all(race.map(async |n| subject.take(n).await.map(|_secret| n))).await;
    let mut winners: Vec<u32> = taken.into_iter().flatten().collect();
    winners.sort_unstable();
    assert!(winners.into_iter().eq(0..SECRETS));
}

pub(super) async fn take_and_burn_of_one_secret_have_one_winner<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let store = &subject.store;
    for n in 0..SECRETS {
        subject.create(n).await;
        let takes = (0..RACERS).map(async |_racer| subject.take(n).await.is_some());
        let burns = (0..RACERS).map(async |_racer| store.ask(Burn(only(n))).await.unwrap());
        // The order of the calls alternates.
        let (takes, burns) = (future::join_all(takes), future::join_all(burns));
        let (one, other) = if n % 2 == 0 {
            future::join(takes, burns).await
        } else {
            future::join(burns, takes).await
        };
        let winners = one.into_iter().chain(other).filter(|&won| won).count();
        assert_eq!(winners, 1, "{n}");
    }
}

pub(super) async fn take_finds_a_secret_under_any_of_several_candidates<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let candidates = [1, 2, 3].map(lookup_id).to_vec();
    for n in [1, 2, 3] {
        let secret = subject.create(n).await;
        assert_eq!(subject.take_any(&candidates).await, Some(secret));
        assert_eq!(subject.take_any(&candidates).await, None);
    }
}

pub(super) async fn take_of_several_candidates_deletes_one<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all([2, 3]).await;
    let taken = subject.take_any(&[1, 3, 2].map(lookup_id)).await;
    assert_eq!(taken.unwrap().lookup_id, lookup_id(3));
    assert!(!subject.has(3).await);
    assert!(subject.has(2).await);
}

pub(super) async fn burn_of_several_candidates_deletes_one<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all([2, 3]).await;
    assert!(subject.store.ask(Burn([1, 3, 2].map(lookup_id).to_vec())).await.unwrap());
    assert!(!subject.has(3).await);
    assert!(subject.has(2).await);
}

pub(super) async fn nothing_is_found_without_candidates<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::RECEIPT).await;
    assert_eq!(subject.take_any(&[]).await, None);
    assert_eq!(subject.store.ask(Peek(Vec::new())).await.unwrap(), None);
    assert!(!subject.store.ask(Burn(Vec::new())).await.unwrap());
    assert!(
        !subject
            .store
            .ask(Acknowledge { candidates: Vec::new(), redelivery_ids: Vec::new() })
            .await
            .unwrap()
    );
    assert_eq!(subject.store.ask(Inspect(Vec::new())).await.unwrap(), None);
    assert_eq!(subject.store.ask(Revoke(Vec::new())).await.unwrap(), None);
    subject.store.ask(Watch(Vec::new())).await.unwrap();
    assert!(subject.has(1).await);
}
