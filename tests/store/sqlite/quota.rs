//! Quotas: creations stop at the limits of a store; views and burns go on.

use std::collections::BTreeSet;
use std::fs;

use futures_util::future;
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{Bounds, Burn, Created, Ping, Purge, Rules, StoreError};

use super::Sqlite;
use crate::backend::{RULES, Subject};
use crate::batch::as_one_batch;
use crate::samples::{Terms, create_of, only, take_of};
use crate::subprocess;

/// Sealed bytes of a secret, unless a test sets another size.
const SEALED: usize = 20_000;
/// Sealed bytes of a secret so small that no batch defers it.
const LIGHT: usize = 4_000;
/// More secrets of either size than the quota allows.
const MANY: u32 = 200;
const IN_STORE: Rules = Rules { bounds: Bounds { max_bytes: 1 << 20, ..Bounds::NONE }, ..RULES };
const ON_DISK: Rules =
    Rules { bounds: Bounds { min_free_bytes: subprocess::SMALL / 2, ..Bounds::NONE }, ..RULES };

#[actix_web::test]
async fn creations_stop_at_the_quota_and_resume_when_space_is_freed() {
    let subject = Subject::<Sqlite>::start_with(IN_STORE);
    let stored = create_until_full(&subject).await;
    assert!(bytes(&subject.backend) <= IN_STORE.bounds.max_bytes);
    let before = stored.len();
    end_all(&subject, stored).await;
    assert_eq!(create_until_full(&subject).await.len(), before, "what was freed is used again");
}

#[actix_web::test]
async fn creations_stop_when_the_disk_is_nearly_full_and_views_go_on() {
    let test = "sqlite::quota::creations_stop_when_the_disk_is_nearly_full_and_views_go_on";
    if subprocess::is_alone(test, subprocess::ON_A_SMALL_FILE_SYSTEM) {
        let subject = Subject::<Sqlite>::start_with(ON_DISK);
        let stored = create_until_full(&subject).await;
        assert!(bytes(&subject.backend) <= subprocess::SMALL - ON_DISK.bounds.min_free_bytes);
        end_all(&subject, stored).await;
        // The database has space now, but its log has hardly any.
        let filler = subject.backend.root.path().join("filler");
        let left = ON_DISK.bounds.min_free_bytes / 2;
        fs::write(&filler, vec![0; usize::try_from(free(&subject) - left).unwrap()]).unwrap();
        assert!(create_until_full(&subject).await.is_empty());
        fs::remove_file(filler).unwrap();
        assert!(!create_until_full(&subject).await.is_empty());
    }
}

#[actix_web::test]
async fn a_batch_stores_the_creations_that_fit_and_refuses_only_the_others() {
    let subject = Subject::<Sqlite>::start_with(IN_STORE);
    subject.create_all([0, 1]).await;
    // So small that all of them are in one transaction.
    let light = |n| SealedSecret { ciphertext: sealed(LIGHT), ..subject.secret(n) };
    let creates = (2..MANY).map(|n| subject.store.ask(create_of(light(n))));
    let ends = future::join(subject.store.ask(take_of(only(0))), subject.store.ask(Burn(only(1))));
    let batch = future::join(future::join_all(creates), ends);
    let (created, (taken, burned)) = as_one_batch(&subject.store, batch).await;
    taken.unwrap();
    assert!(burned.unwrap());
    let stored: BTreeSet<u32> =
        (2..).zip(&created).filter(|(_, created)| created.is_ok()).map(|(n, _)| n).collect();
    assert!(!stored.is_empty() && stored.len() < created.len());
    for refused in created.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, StoreError::NoRoom(_)), "{refused:?}");
    }
    for n in 2..MANY {
        assert_eq!(subject.has(n).await, stored.contains(&n), "{n}");
    }
}

#[actix_web::test]
async fn the_retry_of_a_creation_is_answered_when_the_quota_is_reached() {
    let subject = Subject::<Sqlite>::start_with(IN_STORE);
    let first = subject.new_secret(MANY, Terms::REPEATABLE);
    subject.store.ask(first.clone()).await.unwrap();
    create_until_full(&subject).await;
    assert!(matches!(subject.store.ask(first).await.unwrap(), Created::Before(_)));
}

/// Secret number `n`, of a size that soon exceeds the quota.
fn secret(subject: &Subject<Sqlite>, n: u32) -> SealedSecret {
    SealedSecret { ciphertext: sealed(SEALED), ..subject.secret(n) }
}

fn sealed(bytes: usize) -> Vec<u8> {
    vec![7; bytes]
}

/// Creates secrets until the quota is reached, with an empty log each, and asserts that the refusal is
/// no failure. Returns the numbers of the stored secrets.
async fn create_until_full(subject: &Subject<Sqlite>) -> Vec<u32> {
    let mut stored = Vec::new();
    for n in 0..MANY {
        match subject.store.ask(create_of(secret(subject, n))).await {
            Ok(created) => assert_eq!(created, Created::Stored),
            Err(StoreError::NoRoom(_)) => {
                subject.store.insist(Ping).await.unwrap();
                return stored;
            }
            Err(error) => panic!("{error:?}"),
        }
        stored.push(n);
        subject.store.insist(Purge).await.unwrap();
    }
    panic!("the quota is never reached")
}

/// Takes one half of these secrets, burns the other, and has them erased.
async fn end_all(subject: &Subject<Sqlite>, numbers: Vec<u32>) {
    for n in numbers {
        if n % 2 == 0 {
            assert!(subject.take(n).await.is_some(), "{n}");
        } else {
            assert!(subject.burn(n).await, "{n}");
        }
    }
    subject.store.insist(Purge).await.unwrap();
}

/// Free bytes on the small file system.
fn free(subject: &Subject<Sqlite>) -> u64 {
    subprocess::SMALL - bytes(&subject.backend)
}

/// Total size of the files.
fn bytes(backend: &Sqlite) -> u64 {
    backend.files().iter().map(|file| fs::metadata(file).unwrap().len()).sum()
}
