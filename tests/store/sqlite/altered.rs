//! Files that somebody replaces, removes or cuts while a store has them: nothing is acknowledged that
//! would be gone at the next start, and when it is undone all is well again.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use viewonce::store::StoreError;

use super::Sqlite;
use crate::backend::Subject;
use crate::samples::only;

#[actix_web::test]
async fn a_database_file_that_is_replaced_is_noticed_and_its_return_too() {
    assert_noticed(Sqlite::database, |path| fs::write(path, b"not a database")).await;
}

#[actix_web::test]
async fn a_database_file_that_is_removed_is_noticed_and_its_return_too() {
    assert_noticed(Sqlite::database, |_path| Ok(())).await;
}

#[actix_web::test]
async fn a_log_that_is_removed_is_noticed_and_its_return_too() {
    assert_noticed(Sqlite::log, |_path| Ok(())).await;
}

#[actix_web::test]
async fn a_log_that_is_replaced_is_noticed_and_its_return_too() {
    assert_noticed(Sqlite::log, |path| fs::write(path, b"")).await;
}

#[actix_web::test]
async fn a_log_that_is_cut_is_noticed_and_what_is_left_of_it_found_at_the_next_start() {
    let subject = Subject::<Sqlite>::start().await;
    subject.create_all(0..5).await;
    subject.store.purge().await.unwrap();
    subject.create(5).await;
    // Not the database itself is opened, but its log, which SQLite does not lock.
    let log = OpenOptions::new().write(true).open(subject.backend.log()).unwrap();
    log.set_len(log.metadata().unwrap().len() - 1).unwrap();
    assert_refuses(&subject).await;
    subject.store.purge().await.unwrap_err();
    subject.store.close().await.unwrap_err();
    let subject = subject.reopen();
    for n in 0..5 {
        assert!(subject.take(n).await.is_some(), "{n}");
    }
    assert!(!subject.has(5).await);
}

/// Has the file that `which` names renamed and something `put` in its place, and then back.
async fn assert_noticed(
    which: impl Fn(&Sqlite) -> PathBuf,
    put: impl Fn(PathBuf) -> std::io::Result<()>,
) {
    let subject = Subject::<Sqlite>::start().await;
    subject.create_all(0..5).await;
    let path = which(&subject.backend);
    let elsewhere = path.with_extension("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    put(path.clone()).unwrap();
    assert_refuses(&subject).await;
    fs::rename(&elsewhere, &path).unwrap();
    subject.store.ping().await.unwrap();
    for n in 0..5 {
        assert!(subject.take(n).await.is_some(), "{n}");
    }
    subject.create(6).await;
    let subject = subject.restart().await;
    assert!(subject.has(6).await);
}

/// That a store does nothing at all.
async fn assert_refuses(subject: &Subject<Sqlite>) {
    let created = subject.store.create(subject.secret(10)).await;
    assert!(matches!(created, Err(StoreError::Failed(_))), "{created:?}");
    let taken = subject.store.take(only(0)).await;
    assert!(matches!(taken, Err(StoreError::Failed(_))), "{taken:?}");
    subject.store.ping().await.unwrap_err();
}
