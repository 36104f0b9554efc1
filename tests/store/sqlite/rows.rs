//! The rows beside a secret: they are stored with it or not at all, and deleted with it or when their
//! time is up.

use std::time::Duration;

use rusqlite::Connection;
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{CREATIONS_KEPT, Close, Create, Created, Purge, Rules, Taken};

use super::Sqlite;
use crate::backend::{RULES, Subject};
use crate::samples::{HOUR, KEY, Terms, creation, guessing, knowing, knowing_and_claiming};

/// How many rows each table has.
#[derive(Debug, PartialEq)]
struct Rows {
    secrets: u32,
    guards: u32,
    receipts: u32,
    redelivery_ids: u32,
    creations: u32,
}

const NONE: Rows = Rows { secrets: 0, guards: 0, receipts: 0, redelivery_ids: 0, creations: 0 };
/// Those of one living secret that has everything.
const LIVING: Rows = Rows { secrets: 1, guards: 1, receipts: 1, redelivery_ids: 0, creations: 1 };
/// Those that stay when that has ended.
const ENDED: Rows = Rows { secrets: 0, guards: 0, ..LIVING };

#[actix_web::test]
async fn a_secret_has_one_row_of_each_that_is_beside_it() {
    assert_eq!(rows_after(async |_subject| {}).await, LIVING);
    let subject = Subject::<Sqlite>::start().await;
    subject.create(1).await;
    assert_eq!(rows(&subject.close().await), Rows { secrets: 1, ..NONE });
}

#[actix_web::test]
async fn a_create_whose_id_is_taken_leaves_no_row() {
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
    let take = async |subject: &Subject<Sqlite>| drop(subject.ask(knowing(1)).await);
    assert_eq!(rows_after(take).await, ENDED);
    let keep = async |subject: &Subject<Sqlite>| {
        subject.ask(knowing_and_claiming(1, KEY)).await;
    };
    assert_eq!(rows_after(keep).await, Rows { redelivery_ids: 1, ..ENDED });
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
    subject.ask(knowing(3)).await;
    assert!(subject.burn(2).await);
    guess(&subject, RULES.attempts).await;
    let rows = rows(&subject.close().await);
    assert_eq!(rows, Rows { secrets: 3, guards: 3, ..NONE });
}

#[actix_web::test]
async fn what_is_kept_for_a_repeat_goes_with_its_end() {
    let keep = async |subject: &Subject<Sqlite>| {
        let taken = subject.ask(knowing_and_claiming(1, KEY)).await;
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
async fn a_store_that_keeps_nothing_for_repeats_has_no_row_of_it() {
    let rules = Rules { redelivery: Duration::ZERO, ..RULES };
    let subject = Subject::<Sqlite>::start_with(rules);
    subject.create_with(1, Terms::ALL).await;
    subject.ask(knowing_and_claiming(1, KEY)).await;
    assert_eq!(rows(&subject.close().await), ENDED);
}

#[actix_web::test]
async fn purge_deletes_all_whose_time_is_up() {
    let end_and_wait = async |subject: &Subject<Sqlite>, time| {
        subject.ask(knowing_and_claiming(1, KEY)).await;
        subject.clock.advance(time);
        subject.store.insist(Purge).await.unwrap();
    };
    let rows = rows_after(async |subject| end_and_wait(subject, CREATIONS_KEPT).await).await;
    assert_eq!(rows, Rows { receipts: 1, ..NONE });
    let rows = rows_after(async |subject| end_and_wait(subject, RULES.receipts_kept).await).await;
    assert_eq!(rows, NONE);
}

#[actix_web::test]
async fn an_altered_row_beside_a_secret_does_not_hinder_the_secret() {
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
        let wrong = subject.ask(guessing(1)).await;
        assert!(matches!(wrong, Taken::WrongPassphrase { .. }), "{wrong:?}");
    }
}

/// The rows of a store that has a secret, number 1, with everything beside it, to which this has
/// happened.
async fn rows_after(happen: impl AsyncFn(&Subject<Sqlite>)) -> Rows {
    let subject = Subject::<Sqlite>::start().await;
    subject.create_with(1, Terms::ALL).await;
    happen(&subject).await;
    rows(&subject.close().await)
}

/// The rows of a store that is closed.
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
