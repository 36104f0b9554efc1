//! Where rows stand: secrets whose ids begin alike share a few places.

use std::time::Duration;

use futures_util::future;
use viewonce::clock::Timestamp;
use viewonce::id::{DIGEST_BYTES, LookupId};
use viewonce::secret::SealedSecret;
use viewonce::store::{Created, StoreError};

use super::Sqlite;
use crate::backend::Subject;
use crate::samples::{HOUR, secret};

/// Secrets that find room.
const PLACES: u8 = 8;

/// Secrets that expire then, and whose digests begin alike.
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
    subject.store.create(secret.clone()).await
}

#[actix_web::test]
async fn secrets_that_share_their_places_are_told_apart() {
    let subject = Subject::<Sqlite>::start().await;
    let secrets = neighbours(subject.clock.now().plus(HOUR));
    let created = secrets.iter().map(|secret| create(&subject, secret));
    let created = future::join_all(created).await;
    let (last, others) = created.split_last().unwrap();
    assert!(others.iter().all(Result::is_ok), "{others:?}");
    assert!(matches!(last, Err(StoreError::Failed(_))), "{last:?}");
    for secret in secrets.iter().skip(1).step_by(2) {
        let taken = subject.take_any(&[secret.lookup_id]).await;
        assert_eq!(taken.as_ref(), Some(secret).filter(|secret| **secret != secrets[8]));
        assert!(matches!(create(&subject, &secrets[0]).await, Err(StoreError::Failed(_))));
    }
    assert!(create(&subject, &secrets[8]).await.is_ok());
    for secret in secrets.iter().step_by(2) {
        assert_eq!(subject.take_any(&[secret.lookup_id]).await.as_ref(), Some(secret));
    }
}

#[actix_web::test]
async fn the_last_place_of_an_instant_is_purged_like_the_first() {
    let subject = Subject::<Sqlite>::start().await;
    let now = subject.clock.now();
    let secrets = neighbours(now.plus(Duration::from_millis(1)));
    for secret in &secrets[1..] {
        create(&subject, secret).await.unwrap();
    }
    while subject.clock.now() <= now {}
    let purged = subject.store.purge().await.unwrap();
    assert_eq!((purged.secrets, purged.is_complete), (PLACES.into(), true));
}
