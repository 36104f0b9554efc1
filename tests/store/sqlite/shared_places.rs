//! Row ids: secrets whose ids have the same prefix share a few row ids.

use futures_util::future;
use viewonce::domain::clock::Timestamp;
use viewonce::domain::id::{DIGEST_BYTES, LookupId};
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{Created, Purge, StoreError};

use super::Sqlite;
use crate::backend::Subject;
use crate::samples::{HOUR, Terms, create_of, secret};

/// The number of secrets that a shared prefix allows.
const PLACES: u8 = 64;

/// Secrets that expire then, and whose digests have the same prefix.
fn neighbours(expires_at: Timestamp) -> Vec<SealedSecret> {
    let neighbour = |n: u8| {
        let mut digest = [u8::MAX; DIGEST_BYTES];
        digest[DIGEST_BYTES - 1] = n;
        let lookup_id = LookupId::from_parts(expires_at, &digest);
        SealedSecret { lookup_id, ..secret(n.into(), expires_at) }
    };
    (0..=PLACES).map(neighbour).collect()
}

async fn create(subject: &Subject<Sqlite>, secret: &SealedSecret) -> Result<Created, StoreError> {
    subject.store.ask(create_of(secret.clone())).await
}

#[actix_web::test]
async fn secrets_with_the_same_prefix_are_distinguished() {
    let subject = Subject::<Sqlite>::start().await;
    let secrets = neighbours(subject.clock.now().plus(HOUR));
    let created = secrets.iter().map(|secret| create(&subject, secret));
    let created = future::join_all(created).await;
    let (last, others) = created.split_last().unwrap();
    assert!(others.iter().all(Result::is_ok), "{others:?}");
    assert!(matches!(last, Err(StoreError::Failed(_))), "{last:?}");
    for secret in secrets.iter().skip(1).step_by(2) {
        assert_eq!(subject.take_any(&[secret.lookup_id]).await.as_ref(), Some(secret));
    }
    assert!(create(&subject, secrets.last().unwrap()).await.is_ok());
    for secret in secrets.iter().step_by(2) {
        assert_eq!(subject.take_any(&[secret.lookup_id]).await.as_ref(), Some(secret));
    }
}

#[actix_web::test]
async fn a_second_create_fails_alone_at_any_row_id_of_the_first() {
    let subject = Subject::<Sqlite>::start().await;
    let secrets = neighbours(subject.clock.now().plus(HOUR));
    let [first, second, third] = [0, 1, 2].map(|n: usize| secrets[n].clone());
    let guarded = Terms::PASSPHRASE.of(1, second);
    create(&subject, &first).await.unwrap();
    subject.store.ask(guarded.clone()).await.unwrap();
    subject.take_any(&[first.lookup_id]).await.unwrap();
    // The row id before it is free now.
    let calls = future::join(subject.store.ask(guarded), create(&subject, &third));
    let (again, other) = calls.await;
    assert!(matches!(again, Err(StoreError::Failed(_))), "{again:?}");
    other.unwrap();
}

#[actix_web::test]
async fn purge_deletes_only_the_expired_secrets_of_a_shared_prefix() {
    let subject = Subject::<Sqlite>::start().await;
    let now = subject.clock.now();
    let [expired, living] = [HOUR, 2 * HOUR].map(|lifetime| neighbours(now.plus(lifetime)));
    for secret in expired[..PLACES.into()].iter().chain(&living[..3]) {
        create(&subject, secret).await.unwrap();
    }
    subject.clock.advance(HOUR);
    let purged = subject.store.insist(Purge).await.unwrap();
    assert_eq!((purged.secrets, purged.is_complete), (PLACES.into(), true));
    for secret in &living[..3] {
        assert_eq!(subject.take_any(&[secret.lookup_id]).await.as_ref(), Some(secret));
    }
}
