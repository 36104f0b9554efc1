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

/// Sealed bytes of a secret, unless a test says otherwise.
const SEALED: usize = 20_000;
/// Sealed bytes of one that is not put off, however many are in its batch.
const LIGHT: usize = 4_000;
/// More secrets than there is room for, of either size.
const MANY: u32 = 200;
const IN_STORE: Rules = Rules { bounds: Bounds { max_bytes: 1 << 20, ..Bounds::NONE }, ..RULES };
const ON_DISK: Rules =
    Rules { bounds: Bounds { min_free_bytes: subprocess::SMALL / 2, ..Bounds::NONE }, ..RULES };

#[actix_web::test]
async fn creations_stop_where_a_store_has_its_bytes_and_go_on_when_it_has_fewer() {
    let subject = Subject::<Sqlite>::start_with(IN_STORE);
    let stored = create_until_full(&subject).await;
    assert!(bytes(&subject.backend) <= IN_STORE.bounds.max_bytes);
    let before = stored.len();
    end_all(&subject, stored).await;
    assert_eq!(create_until_full(&subject).await.len(), before, "what was freed is used again");
}

#[actix_web::test]
async fn creations_stop_where_little_is_left_on_the_disk_and_views_go_on() {
    let test = "sqlite::quota::creations_stop_where_little_is_left_on_the_disk_and_views_go_on";
    if subprocess::is_alone(test, subprocess::ON_A_SMALL_FILE_SYSTEM) {
        let subject = Subject::<Sqlite>::start_with(ON_DISK);
        let stored = create_until_full(&subject).await;
        assert!(bytes(&subject.backend) <= subprocess::SMALL - ON_DISK.bounds.min_free_bytes);
        end_all(&subject, stored).await;
        // There is room in the database now, but hardly any for its log.
        let filler = subject.backend.root.path().join("filler");
        let left = ON_DISK.bounds.min_free_bytes / 2;
        fs::write(&filler, vec![0; usize::try_from(free(&subject) - left).unwrap()]).unwrap();
        assert!(create_until_full(&subject).await.is_empty());
        fs::remove_file(filler).unwrap();
        assert!(!create_until_full(&subject).await.is_empty());
    }
}

#[actix_web::test]
async fn in_a_batch_those_are_stored_for_which_there_is_room_and_the_others_are_refused_alone() {
    let subject = Subject::<Sqlite>::start_with(IN_STORE);
    subject.create_all([0, 1]).await;
    // So light that all of them are in one transaction.
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
async fn the_retry_of_a_creation_is_answered_where_there_is_no_room() {
    let subject = Subject::<Sqlite>::start_with(IN_STORE);
    let first = subject.new_secret(MANY, Terms::REPEATABLE);
    subject.store.ask(first.clone()).await.unwrap();
    create_until_full(&subject).await;
    assert!(matches!(subject.store.ask(first).await.unwrap(), Created::Before(_)));
}

/// Secret number `n`, of a size of which there is soon no more room.
fn secret(subject: &Subject<Sqlite>, n: u32) -> SealedSecret {
    SealedSecret { ciphertext: sealed(SEALED), ..subject.secret(n) }
}

fn sealed(bytes: usize) -> Vec<u8> {
    vec![7; bytes]
}

/// Creates secrets until there is no room, with an empty log each, and asserts that this is no failure.
/// Returns the numbers of those that are stored.
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
    panic!("there is room for all")
}

/// Takes and burns all these, half of them each, and has them erased.
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

/// What the small file system has left for others than the store.
fn free(subject: &Subject<Sqlite>) -> u64 {
    subprocess::SMALL - bytes(&subject.backend)
}

/// What the files have all together.
fn bytes(backend: &Sqlite) -> u64 {
    backend.files().iter().map(|file| fs::metadata(file).unwrap().len()).sum()
}
