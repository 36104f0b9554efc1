//! The store keeps each created secret exactly, and processes messages in order.

use futures_util::future;
use viewonce::domain::clock::Timestamp;
use viewonce::domain::id::KeyId;
use viewonce::domain::secret::{Flags, SHRED_KEY_BYTES, SealedSecret, ShredKey};
use viewonce::store::{Burn, Create, Created, State, StoreError, Taken};

use crate::backend::{Backend, Subject};
use crate::batch::as_one_batch;
use crate::samples::{Terms, create_of, lookup_id, only, take_of};

pub(super) async fn a_secret_is_taken_exactly_as_it_was_created<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for (n, bytes) in
        [vec![], vec![0], every_byte.clone(), every_byte.repeat(4_096)].into_iter().enumerate()
    {
        let secret = SealedSecret {
            lookup_id: lookup_id(u32::try_from(n).unwrap()),
            key_id: KeyId::from_bytes([0, 255, 128, 39]),
            version: 255,
            flags: Flags::from_byte(252),
            expires_at: Timestamp::from_millis(i64::MAX),
            shred_key: ShredKey::from_bytes([7; SHRED_KEY_BYTES]),
            ciphertext: bytes,
        };
        subject.store.ask(create_of(secret.clone())).await.unwrap();
        let taken = subject.store.ask(take_of(vec![secret.lookup_id])).await.unwrap();
        assert_eq!(taken, Taken::Secret(secret));
    }
}

pub(super) async fn a_second_create_of_an_id_fails_alone_and_the_first_stays<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let first = subject.secret(1);
    let second = SealedSecret { lookup_id: first.lookup_id, ..subject.secret(2) };
    let batch = [first.clone(), second, subject.secret(3)];
    let calls = batch.map(|secret| subject.store.ask(create_of(secret)));
    let created = as_one_batch(&subject.store, future::join_all(calls)).await;
    assert!(
        matches!(
            created[..],
            [Ok(Created::Stored), Err(StoreError::Failed(_)), Ok(Created::Stored)]
        ),
        "{created:?}"
    );
    assert_eq!(subject.take(1).await, Some(first));
    assert!(subject.has(3).await);
}

pub(super) async fn a_create_that_fails_alone_leaves_no_rows<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let first = subject.create(1).await;
    let second = subject.new_secret(2, Terms::ALL);
    let flags = second.secret.flags;
    let sealed = SealedSecret { flags, ..first.clone() };
    let second = Create { secret: sealed, ..second };
    let calls = [second, subject.new_secret(3, Terms::ALL)].map(|secret| subject.store.ask(secret));
    let created = as_one_batch(&subject.store, future::join_all(calls)).await;
    let [Err(StoreError::Failed(_)), Ok(Created::Stored)] = created[..] else {
        panic!("{created:?}")
    };
    assert_eq!(subject.receipt_status(2).await, None);
    assert_eq!(subject.take(1).await, Some(first));
    // The failed creation is not remembered, and has left no receipt or passphrase in the way.
    let again = subject.new_secret(2, Terms::ALL);
    assert_eq!(subject.store.ask(again).await.unwrap(), Created::Stored);
    assert_eq!(subject.state(2).await, State::Pending);
}

pub(super) async fn a_batch_runs_in_the_order_of_its_messages<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let (store, secret) = (&subject.store, subject.secret(1));
    let batch = future::join5(
        store.ask(take_of(only(1))),
        store.ask(create_of(secret.clone())),
        store.ask(take_of(only(1))),
        store.ask(create_of(secret.clone())),
        store.ask(Burn(only(1))),
    );
    let (too_early, created, taken, created_again, burned) = as_one_batch(store, batch).await;
    assert_eq!(too_early.unwrap(), Taken::Nothing);
    created.unwrap();
    assert_eq!(taken.unwrap(), Taken::Secret(secret));
    created_again.unwrap();
    assert!(burned.unwrap());
    assert!(!subject.has(1).await);
}

pub(super) async fn all_concurrent_creates_are_stored<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all(0..3_000).await;
    for n in 0..3_000 {
        assert!(subject.has(n).await, "{n}");
    }
}
