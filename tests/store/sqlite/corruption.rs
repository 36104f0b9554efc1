//! Files that are replaced, removed or truncated while a store uses them: the store acknowledges nothing
//! that the next start would not find, and recovers when the files are restored.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use actix::System;
use futures_util::future;
use viewonce::store::{Close, Ping, Purge, StoreError};

use super::Sqlite;
use crate::backend::Subject;
use crate::samples::{create_of, only, take_of};

/// The most secrets of one batch, and more than are stored before the store notices.
const SOME: u32 = 32;
const MANY: u32 = 100_000;
/// How often the test repeats the damage, each time at another instant.
const ROUNDS: u64 = 10;

#[actix_web::test]
async fn a_store_notices_a_replaced_database_file_and_its_return() {
    assert_noticed(Sqlite::database, |path| fs::write(path, b"not a database")).await;
}

#[actix_web::test]
async fn a_store_notices_a_removed_database_file_and_its_return() {
    assert_noticed(Sqlite::database, |_path| Ok(())).await;
}

#[actix_web::test]
async fn a_store_notices_a_removed_log_and_its_return() {
    assert_noticed(Sqlite::log, |_path| Ok(())).await;
}

#[actix_web::test]
async fn a_store_notices_a_replaced_log_and_its_return() {
    assert_noticed(Sqlite::log, |path| fs::write(path, b"")).await;
}

/// SQLite keeps the removed log open and moves its content to the database on close.
#[actix_web::test]
async fn a_removed_log_is_checkpointed_on_close() {
    let subject = Subject::<Sqlite>::start().await;
    subject.create_all(0..5).await;
    assert!(subject.take(0).await.is_some());
    fs::remove_file(subject.backend.log()).unwrap();
    assert_refuses(&subject).await;
    let subject = subject.restart().await;
    assert!(!subject.has(0).await);
    for n in 1..5 {
        assert!(subject.take(n).await.is_some(), "{n}");
    }
}

/// At any instant, also in the middle of a transaction.
#[test]
fn a_store_notices_a_removed_or_replaced_log_under_load() {
    for round in 0..ROUNDS {
        let subject = System::new().block_on(Subject::<Sqlite>::start());
        let (log, is_removed) = (subject.backend.log(), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_micros(10_000 + round * 137));
                fs::remove_file(&log).unwrap();
                if round % 2 == 0 {
                    fs::write(&log, b"").unwrap();
                }
                is_removed.store(true, Ordering::SeqCst);
            });
            System::new().block_on(async {
                for first in (0..).step_by(SOME as usize) {
                    let was_removed = is_removed.load(Ordering::SeqCst);
                    let creates = (first..first + SOME)
                        .map(|n| subject.store.ask(create_of(subject.secret(n))));
                    let answers = future::join_all(creates).await;
                    if was_removed && answers.iter().all(Result::is_err) {
                        break;
                    }
                    assert!(first < MANY, "it is not noticed");
                }
            });
        });
    }
}

#[actix_web::test]
async fn a_store_notices_a_truncated_database_file() {
    for bytes in ["0", "20000"] {
        let subject = Subject::<Sqlite>::start().await;
        subject.create_all(0..SOME).await;
        subject.store.insist(Purge).await.unwrap();
        // In another process: closing a descriptor in this one would drop SQLite's locks.
        truncate(&subject.backend.database(), bytes);
        assert_refuses(&subject).await;
        subject.store.insist(Purge).await.unwrap_err();
    }
}

fn truncate(path: &Path, bytes: &str) {
    assert!(Command::new("truncate").args(["-s", bytes]).arg(path).status().unwrap().success());
}

#[actix_web::test]
async fn a_store_notices_a_truncated_log_and_recovers_its_rest_at_the_next_start() {
    let subject = Subject::<Sqlite>::start().await;
    subject.create_all(0..5).await;
    subject.store.insist(Purge).await.unwrap();
    subject.create(5).await;
    // Opens only the log, which SQLite does not lock, and not the database.
    let log = OpenOptions::new().write(true).open(subject.backend.log()).unwrap();
    log.set_len(log.metadata().unwrap().len() - 1).unwrap();
    assert_refuses(&subject).await;
    subject.store.insist(Purge).await.unwrap_err();
    subject.store.insist(Close).await.unwrap_err();
    let subject = subject.reopen();
    for n in 0..5 {
        assert!(subject.take(n).await.is_some(), "{n}");
    }
    assert!(!subject.has(5).await);
}

/// Renames the file that `which` names, lets `put` put something in its place, and undoes both.
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
    subject.store.insist(Ping).await.unwrap();
    for n in 0..5 {
        assert!(subject.take(n).await.is_some(), "{n}");
    }
    subject.create(6).await;
    let subject = subject.restart().await;
    assert!(subject.has(6).await);
}

/// Asserts that a store refuses every message.
async fn assert_refuses(subject: &Subject<Sqlite>) {
    let created = subject.store.ask(create_of(subject.secret(10))).await;
    assert!(matches!(created, Err(StoreError::Failed(_))), "{created:?}");
    let taken = subject.store.ask(take_of(only(0))).await;
    assert!(matches!(taken, Err(StoreError::Failed(_))), "{taken:?}");
    subject.store.insist(Ping).await.unwrap_err();
}
