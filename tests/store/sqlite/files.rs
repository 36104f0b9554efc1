//! The files of a database and their permissions.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::Sqlite;
use crate::backend::{Backend as _, Subject};
use crate::subprocess;
use viewonce::store::Purge;

#[actix_web::test]
async fn folders_and_files_are_private_to_their_owner() {
    let subject = Subject::<Sqlite>::start().await;
    subject.create(1).await;
    let root = subject.backend.root.path();
    assert_eq!(mode(&root.join("storage")), 0o700);
    assert_eq!(mode(&root.join("storage/db")), 0o700);
    let files = subject.backend.files();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn files_are_private_to_their_owner_under_any_umask() {
    let test = "sqlite::files::folders_and_files_are_private_to_their_owner";
    subprocess::run_again(test, "umask 000");
}

/// If other processes shared the database, there would also be a file of the log's index.
#[actix_web::test]
async fn a_running_store_has_three_files_after_a_restart_too() {
    let subject = Subject::<Sqlite>::start().await;
    subject.create(1).await;
    let subject = subject.restart().await;
    subject.create(2).await;
    let files = subject.backend.files();
    assert_eq!(files.len(), 3, "{files:?}");
}

#[actix_web::test]
async fn commits_go_to_a_log_that_is_gone_after_close() {
    let subject = Subject::<Sqlite>::start().await;
    let before = size(&subject.backend.log());
    subject.create(1).await;
    assert!(size(&subject.backend.log()) > before);
    let backend = subject.close().await;
    assert_eq!(size(&backend.log()), 0);
}

/// Log content that a killed process left may not be durable; a write syncs it.
#[actix_web::test]
async fn a_store_writes_before_its_first_answer() {
    let subject = Subject::<Sqlite>::start().await;
    let subject = subject.restart().await;
    assert_eq!(size(&subject.backend.log()), 0);
    assert!(!subject.has(1).await);
    assert!(size(&subject.backend.log()) > 0);
}

#[actix_web::test]
async fn purge_empties_the_log() {
    let subject = Subject::<Sqlite>::start().await;
    subject.create(1).await;
    subject.store.insist(Purge).await.unwrap();
    assert_eq!(size(&subject.backend.log()), 0);
}

/// SQLite ignores unknown pragmas silently, so each one is read back.
#[test]
fn the_settings_of_a_connection_take_effect() {
    let backend = Sqlite::fresh();
    backend.write(b"");
    let connection = Connection::open(backend.database()).unwrap();
    connection.execute_batch(include_str!("../../../sql/sqlite/lock.sql")).unwrap();
    connection.execute_batch(include_str!("../../../sql/sqlite/open.sql")).unwrap();
    let setting =
        |name| -> Value { connection.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
    assert_eq!(setting("page_size"), Value::Integer(4096));
    assert_eq!(setting("journal_mode"), Value::Text("wal".to_owned()));
    assert_eq!(setting("locking_mode"), Value::Text("exclusive".to_owned()));
    assert_eq!(setting("synchronous"), Value::Integer(2));
    assert_eq!(setting("secure_delete"), Value::Integer(2));
    assert_eq!(setting("temp_store"), Value::Integer(2));
    assert_eq!(setting("cell_size_check"), Value::Integer(1));
    assert_eq!(setting("trusted_schema"), Value::Integer(0));
}

/// The length of a file, 0 if there is none. Does not open it.
fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
