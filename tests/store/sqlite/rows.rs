//! The rows beside a secret: stored with it or not at all, and deleted with it or when they expire.

use std::time::Duration;

use rusqlite::Connection;
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{CREATIONS_KEPT, Close, Create, Created, Purge, Rules, Taken};

use super::Sqlite;
use crate::backend::{RULES, Subject};
use crate::samples::{HOUR, KEY, Terms, creation, repeatable_unlock, unlock, wrong_guess};

/// The number of rows in each table.
#[derive(Debug, PartialEq)]
struct Rows {
    secrets: u32,
    guards: u32,
    receipts: u32,
    redelivery_ids: u32,
    creations: u32,
}

const NONE: Rows = Rows { secrets: 0, guards: 0, receipts: 0, redelivery_ids: 0, creations: 0 };
/// The rows of one living secret on all terms.
const LIVING: Rows = Rows { secrets: 1, guards: 1, receipts: 1, redelivery_ids: 0, creations: 1 };
/// The rows that stay when that secret has ended.
const ENDED: Rows = Rows { secrets: 0, guards: 0, ..LIVING };

#[actix_web::test]
async fn a_secret_has_one_row_in_each_table() {
    assert_eq!(rows_after(async |_subject| {}).await, LIVING);
    let subject = Subject::<Sqlite>::start().await;
    subject.create(1).await;
    assert_eq!(rows(&subject.close().await), Rows { secrets: 1, ..NONE });
}

#[actix_web::test]
async fn a_create_with_a_used_id_leaves_no_row() {
    let subject = Subject::<Sqlite>::start().await;
    let first = subject.create(1).await;
    let second = subject.new_secret(2, Terms::ALL);
    let flags = second.secret.flags;
    let sealed = SealedSecret { flags, ..first };
    subject.store.ask(Create { secret: sealed, ..second }).await.unwrap_err();
    assert_eq!(rows(&subject.close().await), Rows { secrets: 1, ..NONE });
}

#[actix_web::test]
async fn a_retry_of_a_create_leaves_no_row() {
    let rows = rows_after(async |subject| {
        let retry = Create { creation: Some(creation(1)), ..subject.new_secret(2, Terms::ALL) };
        subject.store.ask(retry).await.unwrap();
    });
    assert_eq!(rows.await, LIVING);
}

#[actix_web::test]
async fn the_guard_stays_as_long_as_attempts_are_left() {
    let rows = rows_after(async |subject| guess(subject, RULES.attempts - 1).await);
    assert_eq!(rows.await, LIVING);
}

#[actix_web::test]
async fn the_guard_goes_with_its_secret() {
    let take = async |subject: &Subject<Sqlite>| drop(subject.ask(unlock(1)).await);
    assert_eq!(rows_after(take).await, ENDED);
    let keep = async |subject: &Subject<Sqlite>| {
        subject.ask(repeatable_unlock(1, KEY)).await;
    };
    assert_eq!(rows_after(keep).await, Rows { secrets: 1, redelivery_ids: 1, ..ENDED });
    let burn = async |subject: &Subject<Sqlite>| assert!(subject.burn(1).await);
    assert_eq!(rows_after(burn).await, ENDED);
    let revoke = async |subject: &Subject<Sqlite>| assert!(subject.revoke(1).await.is_some());
    assert_eq!(rows_after(revoke).await, ENDED);
    let lock = async |subject: &Subject<Sqlite>| guess(subject, RULES.attempts).await;
    assert_eq!(rows_after(lock).await, ENDED);
    let expire = async |subject: &Subject<Sqlite>| {
        subject.clock.advance(HOUR);
        assert_eq!(subject.store.insist(Purge).await.unwrap().secrets, 1);
    };
    assert_eq!(rows_after(expire).await, ENDED);
}

#[actix_web::test]
async fn the_guards_of_other_secrets_stay() {
    let subject = Subject::<Sqlite>::start().await;
    subject.create_all_with(0..6, Terms::PASSPHRASE).await;
    subject.ask(unlock(3)).await;
    assert!(subject.burn(2).await);
    guess(&subject, RULES.attempts).await;
    let rows = rows(&subject.close().await);
    assert_eq!(rows, Rows { secrets: 3, guards: 3, ..NONE });
}

#[actix_web::test]
async fn the_row_of_a_repeat_is_deleted_when_the_repeat_ends() {
    let keep = async |subject: &Subject<Sqlite>| {
        let taken = subject.ask(repeatable_unlock(1, KEY)).await;
        assert!(matches!(taken, Taken::Secret(_)));
    };
    let acknowledge = async |subject: &Subject<Sqlite>| {
        keep(subject).await;
        assert!(subject.acknowledge(1, KEY).await);
    };
    assert_eq!(rows_after(acknowledge).await, ENDED);
    let burn = async |subject: &Subject<Sqlite>| {
        keep(subject).await;
        assert!(!subject.burn(1).await);
    };
    assert_eq!(rows_after(burn).await, ENDED);
    let revoke = async |subject: &Subject<Sqlite>| {
        keep(subject).await;
        assert!(subject.revoke(1).await.is_some());
    };
    assert_eq!(rows_after(revoke).await, ENDED);
    let let_pass = async |subject: &Subject<Sqlite>| {
        keep(subject).await;
        subject.clock.advance(RULES.redelivery);
        subject.store.insist(Purge).await.unwrap();
    };
    assert_eq!(rows_after(let_pass).await, ENDED);
}

#[actix_web::test]
async fn a_store_without_a_repeat_window_has_no_row_of_a_repeat() {
    let rules = Rules { redelivery: Duration::ZERO, ..RULES };
    let subject = Subject::<Sqlite>::start_with(rules);
    subject.create_with(1, Terms::ALL).await;
    subject.ask(repeatable_unlock(1, KEY)).await;
    assert_eq!(rows(&subject.close().await), ENDED);
}

#[actix_web::test]
async fn purge_deletes_all_expired_rows() {
    let end_and_wait = async |subject: &Subject<Sqlite>, time| {
        subject.ask(repeatable_unlock(1, KEY)).await;
        subject.clock.advance(time);
        subject.store.insist(Purge).await.unwrap();
    };
    let rows = rows_after(async |subject| end_and_wait(subject, CREATIONS_KEPT).await).await;
    assert_eq!(rows, Rows { receipts: 1, ..NONE });
    let rows = rows_after(async |subject| end_and_wait(subject, RULES.receipts_kept).await).await;
    assert_eq!(rows, NONE);
}

#[actix_web::test]
async fn a_corrupt_row_beside_a_secret_does_not_block_the_secret() {
    let subject = Subject::<Sqlite>::start().await;
    subject.create_with(1, Terms::REPEATABLE_WITH_RECEIPT).await;
    subject.store.insist(Close).await.unwrap();
    let connection = Connection::open(subject.backend.database()).unwrap();
    let alterations = [
        "UPDATE receipts SET receipt_id = x'00', state = 'unheard of'",
        "UPDATE creations SET nonce = x'00', lookup_id = x'00'",
    ];
    connection.execute_batch(&alterations.join(";")).unwrap();
    connection.close().unwrap();
    let subject = subject.reopen();
    let retry = Create { creation: Some(creation(1)), ..subject.new_secret(2, Terms::PLAIN) };
    let created = subject.store.ask(retry).await.unwrap();
    assert!(matches!(created, Created::Before(_)), "{created:?}");
    assert!(subject.take(1).await.is_some());
}

/// Uses up attempts at secret number 1.
async fn guess(subject: &Subject<Sqlite>, attempts: u32) {
    for _attempt in 0..attempts {
        let wrong = subject.ask(wrong_guess(1)).await;
        assert!(matches!(wrong, Taken::WrongPassphrase { .. }), "{wrong:?}");
    }
}

/// The rows of a store with one secret, number 1, on all terms, after `happen`.
async fn rows_after(happen: impl AsyncFn(&Subject<Sqlite>)) -> Rows {
    let subject = Subject::<Sqlite>::start().await;
    subject.create_with(1, Terms::ALL).await;
    happen(&subject).await;
    rows(&subject.close().await)
}

/// The rows of a closed store.
fn rows(backend: &Sqlite) -> Rows {
    let connection = Connection::open(backend.database()).unwrap();
    let count = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    Rows {
        secrets: count("secrets"),
        guards: count("guards"),
        receipts: count("receipts"),
        redelivery_ids: count("claims"),
        creations: count("creations"),
    }
}
