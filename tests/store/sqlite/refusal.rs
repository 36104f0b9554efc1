//! Files that are not our database, or that another process uses: refused with an error of one line that
//! names the file, and left unchanged.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rusqlite::{Connection, params};
use viewonce::domain::clock::Clock;
use viewonce::runtime::lifeline::Lifelines;
use viewonce::store::sqlite::{DatabaseError, StoreActor};

use super::{Sqlite, unless_in_use};
use crate::backend::{Backend as _, RULES, Subject};

#[actix_web::test]
async fn a_second_start_on_the_same_file_is_refused() {
    let subject = Subject::<Sqlite>::start().await;
    let refusal = subject.backend.try_start().unwrap_err();
    assert!(matches!(refusal, DatabaseError::InUse(_)), "{refusal:?}");
    assert_one_line(&refusal, &subject.backend.database());
    subject.create(1).await;
}

#[actix_web::test]
async fn a_second_start_through_a_link_is_refused() {
    let subject = Subject::<Sqlite>::start().await;
    let link = subject.backend.root.path().join("link.sqlite3");
    symlink(subject.backend.database(), &link).unwrap();
    let refusal =
        StoreActor::start(&link, RULES, Clock::default(), 16, Lifelines::new().0.of("store"));
    let refusal = refusal.map(drop).unwrap_err();
    assert!(matches!(refusal, DatabaseError::InUse(_)), "{refusal:?}");
    assert_one_line(&refusal, &link);
    subject.create(1).await;
}

#[actix_web::test]
async fn a_database_can_be_started_again_once_it_is_closed() {
    let mut subject = Subject::<Sqlite>::start().await;
    for n in 0..20 {
        subject.create(n).await;
        subject = subject.restart().await;
    }
}

#[actix_web::test]
async fn a_database_from_a_newer_version_is_refused() {
    let backend = Subject::<Sqlite>::start().await.close().await;
    migrate(&backend, 2_000, "of_a_later_day");
    let refusal = refuse_untouched(&backend);
    assert!(matches!(refusal, DatabaseError::Newer(_, 2_000, _)), "{refusal:?}");
}

#[actix_web::test]
async fn a_database_from_before_the_first_release_is_refused() {
    let backend = Sqlite::fresh();
    backend.write(include_bytes!("schema-of-format-1.sqlite3"));
    let refusal = refuse_untouched(&backend);
    assert!(matches!(refusal, DatabaseError::Old(_)), "{refusal:?}");
}

#[actix_web::test]
async fn a_database_with_another_history_is_refused() {
    let backend = Subject::<Sqlite>::start().await.close().await;
    migrate(&backend, 1, "another_beginning");
    let refusal = refuse_untouched(&backend);
    assert!(matches!(refusal, DatabaseError::Migration(..)), "{refusal:?}");
}

#[actix_web::test]
async fn another_programs_database_is_refused() {
    for sql in ["CREATE TABLE theirs (content TEXT)", "PRAGMA application_id = 7"] {
        let backend = Sqlite::fresh();
        backend.write(b"");
        Connection::open(backend.database()).unwrap().execute_batch(sql).unwrap();
        let refusal = refuse_untouched(&backend);
        assert!(matches!(refusal, DatabaseError::Foreign(_)), "{refusal:?}");
    }
}

#[actix_web::test]
async fn a_file_that_is_no_database_is_refused() {
    let text = b"Dear diary,\nnobody must ever read this.\n";
    for garbage in [text.to_vec(), text.repeat(1_000), vec![0; 8_192], vec![b'\n'; 5]] {
        let backend = Sqlite::fresh();
        backend.write(&garbage);
        let refusal = refuse_untouched(&backend);
        assert!(matches!(refusal, DatabaseError::Sqlite(..)), "{refusal:?}");
    }
}

#[actix_web::test]
async fn a_folder_in_the_place_of_the_database_is_refused() {
    let backend = Sqlite::fresh();
    fs::create_dir_all(backend.database()).unwrap();
    assert_one_line(&backend.try_start().unwrap_err(), &backend.database());
}

#[actix_web::test]
async fn a_file_in_the_place_of_a_folder_is_refused() {
    for place in ["storage", "storage/db"] {
        let backend = Sqlite::fresh();
        let file = backend.root.path().join(place);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "a file").unwrap();
        let refusal = backend.try_start().unwrap_err();
        assert!(matches!(refusal, DatabaseError::Unwritable(..)), "{refusal:?}");
        assert_one_line(&refusal, &file);
    }
}

/// Records a migration in the history, as another version of the program would.
fn migrate(backend: &Sqlite, version: u32, name: &str) {
    let insert = "INSERT OR REPLACE INTO refinery_schema_history
        (version, name, applied_on, checksum) VALUES (?1, ?2, '2040-01-01T00:00:00Z', '7')";
    let connection = Connection::open(backend.database()).unwrap();
    connection.execute(insert, params![version, name]).unwrap();
}

/// Asserts that no store starts on `backend`, and that the attempt changes no byte.
fn refuse_untouched(backend: &Sqlite) -> DatabaseError {
    let before = fs::read(backend.database()).unwrap();
    let refusal = unless_in_use(|| backend.try_start()).unwrap_err();
    assert_one_line(&refusal, &backend.database());
    assert!(fs::read(backend.database()).unwrap() == before, "it was changed: {refusal}");
    refusal
}

fn assert_one_line(refusal: &DatabaseError, path: &Path) {
    let text = refusal.to_string();
    assert!(text.starts_with(path.to_str().unwrap()), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}
