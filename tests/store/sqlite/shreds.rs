//! Shred keys lie whole on overflow pages, which SQLite never moves, and each living secret has one.

use std::fs;
use std::ops::Range;
use std::time::Duration;

use futures_util::future;
use rusqlite::Connection;
use viewonce::domain::secret::SHRED_KEY_BYTES;
use viewonce::store::{Close, Purge, Rules};

use super::Sqlite;
use crate::backend::{RULES, Subject};
use crate::samples::{
    HOUR, KEY, Terms, create_of, pseudorandom, repeatable_unlock, secret, unlock, wrong_guess,
};

const PAGE: usize = 4_096;
/// Bytes before the header of the first page.
const FILE_HEADER: usize = 100;
/// The first byte of a page of a tree: inner or leaf, of an index or a table.
const TREE: [u8; 4] = [2, 5, 10, 13];
/// Lifetimes of each class, in hours, one of them the longest of its class.
const LIFETIMES: [u32; 7] = [1, 2, 24, 25, 168, 169, 720];
/// Slots of a bucket.
const SLOTS: u32 = 127;

#[actix_web::test]
async fn every_shred_key_lies_whole_outside_the_trees() {
    let subject = Subject::<Sqlite>::start().await;
    let count = SLOTS * 7 * 3;
    let creates = (0..count).map(|n| {
        let hours = LIFETIMES[n as usize % LIFETIMES.len()];
        subject.store.ask(create_of(secret(n, subject.clock.now().plus(HOUR * hours))))
    });
    future::try_join_all(creates).await.unwrap();
    let keys: Vec<_> = (0..count).map(|n| *subject.secret(n).shred_key.expose_bytes()).collect();
    let backend = subject.close().await;
    let file = fs::read(backend.database()).unwrap();
    let (trees, others): (Vec<_>, Vec<_>) =
        file.chunks(PAGE).enumerate().partition(|(number, page)| {
            TREE.contains(&page[if *number == 0 { FILE_HEADER } else { 0 }])
        });
    let mut found = Vec::new();
    for (_number, page) in others {
        let windows = page.windows(SHRED_KEY_BYTES);
        found.extend(
            windows.filter(|bytes| keys.binary_search(&(*bytes).try_into().unwrap()).is_ok()),
        );
    }
    found.sort_unstable();
    assert!(found.into_iter().eq(&keys), "each key is there once, and whole");
    for (number, page) in trees {
        let half = page.windows(SHRED_KEY_BYTES / 2).find(|half| half.starts_with(b"shred! "));
        assert_eq!(half, None, "on page {} of a tree", number + 1);
    }
}

#[actix_web::test]
async fn a_bucket_is_deleted_with_its_last_key_unless_it_is_the_last_bucket() {
    let subject = Subject::<Sqlite>::start().await;
    let count = 3 * SLOTS;
    subject.create_all(0..count).await;
    let mut order: Vec<u32> = (0..count).collect();
    order.sort_by_key(|n| pseudorandom(*n));
    for n in order {
        assert!(subject.take(n).await.is_some(), "{n}");
    }
    let backend = subject.close().await;
    assert_eq!((buckets(&backend), used_slots(&backend)), (1, 0));
}

#[actix_web::test]
async fn a_slot_is_used_again() {
    let subject = Subject::<Sqlite>::start().await;
    let create_and_take = async |subject: &Subject<Sqlite>, numbers: Range<u32>| {
        for n in numbers {
            subject.create(n).await;
            assert!(subject.take(n).await.is_some(), "{n}");
        }
    };
    create_and_take(&subject, 0..2 * SLOTS).await;
    let subject = subject.restart().await;
    create_and_take(&subject, 0..2 * SLOTS).await;
    assert_eq!(buckets(&subject.close().await), 1);
}

#[actix_web::test]
async fn every_end_frees_the_slot() {
    let rules = Rules { redelivery: Duration::from_mins(30), ..RULES };
    let subject = Subject::<Sqlite>::start_with(rules);
    subject.create_all_with(0..2_000, Terms::PASSPHRASE_AND_RECEIPT).await;
    let living = (0..2_000).filter(|n| n % 9 >= 8).count();
    for n in 0..2_000 {
        match n % 9 {
            0 => drop(subject.ask(unlock(n)).await),
            1 => assert!(subject.burn(n).await),
            2 => assert!(subject.revoke(n).await.is_some()),
            3 => {
                for _attempt in 0..RULES.attempts {
                    subject.ask(wrong_guess(n)).await;
                }
            }
            8 => {}
            _ => drop(subject.ask(repeatable_unlock(n, KEY)).await),
        }
    }
    for n in 0..2_000 {
        match n % 9 {
            4 => assert!(subject.acknowledge(n, KEY).await),
            5 => assert!(!subject.burn(n).await),
            6 => assert!(subject.revoke(n).await.is_some()),
            _ => {}
        }
    }
    subject.clock.advance(rules.redelivery);
    while !subject.store.insist(Purge).await.unwrap().is_complete {}
    let subject = subject.restart().await;
    subject.create(2_001).await;
    subject.store.insist(Close).await.unwrap();
    let backend = &subject.backend;
    assert_eq!((used_slots(backend), secrets(backend)), (living + 1, living + 1));
    let subject = subject.reopen();
    subject.clock.advance(HOUR);
    while !subject.store.insist(Purge).await.unwrap().is_complete {}
    let backend = subject.close().await;
    assert_eq!((used_slots(&backend), secrets(&backend)), (0, 0));
}

/// Slots of a closed store that are not zero.
fn used_slots(backend: &Sqlite) -> usize {
    let connection = Connection::open(backend.database()).unwrap();
    let mut select = connection.prepare("SELECT keys FROM shreds").unwrap();
    let buckets = select.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let used = |keys: Vec<u8>| {
        keys.chunks(SHRED_KEY_BYTES).filter(|key| **key != [0; SHRED_KEY_BYTES]).count()
    };
    buckets.map(|keys| used(keys.unwrap())).sum()
}

fn secrets(backend: &Sqlite) -> usize {
    count(backend, "secrets")
}

fn buckets(backend: &Sqlite) -> usize {
    count(backend, "shreds")
}

fn count(backend: &Sqlite, table: &str) -> usize {
    let connection = Connection::open(backend.database()).unwrap();
    let sql = format!("SELECT count(*) FROM {table}");
    connection.query_row(&sql, [], |row| row.get::<_, u32>(0)).unwrap() as usize
}
