//! A repeatable creation runs once: while it is remembered, a retry gets the first answer.

use futures_util::future;
use viewonce::domain::idempotency_key::{Creation, NewCreation};
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{CREATIONS_KEPT, Create, Created, Purge, State, Taken};

use crate::backend::{Backend, Subject};
use crate::batch::as_one_batch;
use crate::deadline::until_its_instant;
use crate::samples::{Terms, creation, creation_id, unlock, wrong_guess};

const RACERS: u32 = 32;
const CREATIONS: u32 = 50;

pub(super) async fn a_retry_stores_nothing<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::REPEATABLE).await;
    create(&subject, retry(&subject, 2, 1)).await;
    assert!(!subject.has(2).await);
    assert_eq!(subject.ask(unlock(2)).await, Taken::Nothing);
    assert_eq!(subject.receipt_status(2).await, None);
    // The retry has also left nothing under its own ids.
    let stored = Create { creation: None, ..subject.new_secret(2, Terms::ALL) };
    assert_eq!(create(&subject, stored.clone()).await, Created::Stored);
    assert_eq!(subject.ask(wrong_guess(2)).await, Taken::WrongPassphrase { attempts_left: 2 });
    assert_eq!(subject.state(2).await, State::Pending);
    assert_eq!(subject.ask(unlock(2)).await, Taken::Secret(stored.secret));
}

pub(super) async fn a_retry_in_the_same_batch_gets_the_first_answer<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let first = subject.new_secret(1, Terms::REPEATABLE);
    let retry = retry(&subject, 2, 1);
    let calls = future::join(create(&subject, first.clone()), create(&subject, retry));
    let created = as_one_batch(&subject.store, calls).await;
    assert_eq!(created, (Created::Stored, before(&first)));
    assert!(subject.has(1).await);
    assert!(!subject.has(2).await);
}

pub(super) async fn one_of_many_creates_with_the_same_key_is_stored<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for n in 0..CREATIONS {
        let numbers = n * RACERS..(n + 1) * RACERS;
        let racers: Vec<_> = numbers.clone().map(|racer| retry(&subject, racer, n)).collect();
        let calls = racers.iter().map(|racer| create(&subject, racer.clone()));
        let mut created = future::join_all(calls).await;
        let winner = created.iter().position(|created| *created == Created::Stored).unwrap();
        created.remove(winner);
        assert_eq!(created, vec![before(&racers[winner]); RACERS as usize - 1], "{n}");
        for (racer, number) in numbers.enumerate() {
            assert_eq!(subject.has(number).await, racer == winner, "{n}: {racer}");
        }
    }
}

pub(super) async fn a_creation_is_remembered_until_its_deadline_and_then_created_anew<
    B: Backend,
>() {
    let subject = Subject::<B>::start().await;
    // The numbers are spaced by ten, so that each retry has a separate one.
    let prepare = async |subject: &Subject<B>, n| {
        subject.create_with(10 * n, Terms::REPEATABLE_WITH_RECEIPT).await;
        subject.receipt_status(10 * n).await.unwrap().created_at.plus(CREATIONS_KEPT)
    };
    until_its_instant(&subject, prepare, async |subject, n| {
        let anew = retry(subject, 10 * n + 1, 10 * n);
        let created = create(subject, anew.clone()).await;
        let is_remembered = created != Created::Stored;
        assert_eq!(subject.has(10 * n + 1).await, !is_remembered);
        if !is_remembered {
            // From here on the new creation is remembered; a purge keeps it.
            subject.store.insist(Purge).await.unwrap();
            let again = retry(subject, 10 * n + 2, 10 * n);
            assert_eq!(create(subject, again).await, before(&anew));
        }
        is_remembered
    })
    .await;
}

pub(super) async fn a_creation_is_found_under_any_of_several_keys_of_the_server<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let under = |n: u32, ids: &[u32]| {
        let candidates = ids.iter().map(|id| creation_id(*id)).collect();
        let new = NewCreation { id: creation_id(ids[0]), candidates, ..creation(n) };
        Create { creation: Some(new), ..subject.new_secret(n, Terms::REPEATABLE) }
    };
    let first = under(1, &[7, 8, 9]);
    assert_eq!(create(&subject, first.clone()).await, Created::Stored);
    for (n, ids) in [(2, &[7][..]), (3, &[5, 6, 7]), (4, &[7, 8, 9])] {
        assert_eq!(create(&subject, under(n, ids)).await, before(&first), "{ids:?}");
        assert!(!subject.has(n).await, "{ids:?}");
    }
    // The creation is remembered under the first key alone.
    assert_eq!(create(&subject, under(5, &[8, 9])).await, Created::Stored);
    assert!(subject.has(5).await);
}

pub(super) async fn a_creation_is_remembered_after_a_restart<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let first = subject.new_secret(1, Terms::REPEATABLE);
    create(&subject, first.clone()).await;
    subject.take(1).await.unwrap();
    let subject = subject.restart().await;
    assert_eq!(create(&subject, retry(&subject, 2, 1)).await, before(&first));
    assert!(!subject.has(1).await);
    assert!(!subject.has(2).await);
}

async fn create<B: Backend>(subject: &Subject<B>, secret: Create) -> Created {
    subject.store.ask(secret).await.unwrap()
}

/// Secret number `n`, on all terms, as a retry of creation number `first`.
fn retry<B: Backend>(subject: &Subject<B>, n: u32, first: u32) -> Create {
    let candidates = creation(first).candidates;
    let retry = NewCreation { id: creation_id(first), candidates, ..creation(n) };
    Create { creation: Some(retry), ..subject.new_secret(n, Terms::ALL) }
}

/// The answer to a retry of the creation of `first`.
fn before(first: &Create) -> Created {
    let SealedSecret { lookup_id, expires_at, .. } = first.secret;
    let NewCreation { id, nonce, .. } = first.creation.clone().unwrap();
    Created::Before(Creation { id, nonce, lookup_id, expires_at })
}
