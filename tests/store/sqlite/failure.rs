//! Failing commits: unacknowledged creations are not stored, unreturned secrets stay, and the store
//! recovers when the cause is gone.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::{self, Command};

use futures_util::future;
use rusqlite::Connection;
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{
    Bounds, Burn, CREATIONS_KEPT, Count, Created, Ping, Purge, Revoke, Rules, State, StoreError,
    Taken,
};

use super::Sqlite;
use super::erasure::found;
use crate::backend::{RULES, Subject};
use crate::batch::as_one_batch;
use crate::metric::metric;
use crate::samples::{
    HOUR, KEY, Terms, acknowledgement, create_of, only, receipt, repeatable_take,
    repeatable_unlock, take_of, wrong_guess,
};
use crate::subprocess;
use crate::watch_helpers::{waiting, waits};

/// Secrets that are stored before anything fails.
const OLD: u32 = 20;
/// Secrets in total; the disk is too small for the last of them.
const ALL: u32 = 1_000;
/// Bytes that the database may still use.
const FREE_BYTES: u64 = 300_000;
/// Sealed bytes of a secret that does not fit into that.
const HUGE_BYTES: usize = 8 << 20;

#[actix_web::test]
async fn a_full_disk_consumes_nothing_and_the_store_recovers() {
    let test = "sqlite::failure::a_full_disk_consumes_nothing_and_the_store_recovers";
    if subprocess::is_alone(test, subprocess::ON_A_SMALL_FILE_SYSTEM) {
        let subject = Subject::<Sqlite>::start().await;
        let filler = subject.backend.root.path().join("filler");
        let fail = || fill(&filler, FREE_BYTES);
        let error = overcome(&subject, fail, || fs::remove_file(&filler).unwrap()).await;
        assert!(matches!(error, StoreError::NoRoom(_)), "{error:?}");
    }
}

#[actix_web::test]
async fn a_failing_disk_consumes_nothing_and_the_store_recovers() {
    let test = "sqlite::failure::a_failing_disk_consumes_nothing_and_the_store_recovers";
    if subprocess::is_alone(test, subprocess::WITHOUT_SIGNALS_OF_LIMITS) {
        let subject = Subject::<Sqlite>::start().await;
        let fail = || limit_files(&FREE_BYTES.to_string());
        let error = overcome(&subject, fail, || limit_files("unlimited")).await;
        assert!(matches!(error, StoreError::OutcomeUnknown(_)), "{error:?}");
    }
}

#[actix_web::test]
async fn a_failed_batch_consumes_no_secret() {
    let test = "sqlite::failure::a_failed_batch_consumes_no_secret";
    if subprocess::is_alone(test, subprocess::WITHOUT_SIGNALS_OF_LIMITS) {
        let subject = Subject::<Sqlite>::start().await;
        subject.create_all(0..OLD).await;
        limit_files(&FREE_BYTES.to_string());
        let takes = (0..OLD).map(|n| subject.store.ask(take_of(only(n))));
        let batch = future::join(huge_create(&subject), future::join_all(takes));
        let (created, taken) = as_one_batch(&subject.store, batch).await;
        created.unwrap_err();
        assert!(taken.iter().all(Result::is_err));
        limit_files("unlimited");
        for n in 0..OLD {
            assert!(subject.take(n).await.is_some(), "{n}");
        }
    }
}

#[actix_web::test]
async fn a_failed_batch_counts_no_change_and_one_failure() {
    let test = "sqlite::failure::a_failed_batch_counts_no_change_and_one_failure";
    if subprocess::is_alone(test, subprocess::WITHOUT_SIGNALS_OF_LIMITS) {
        let subject = Subject::<Sqlite>::start().await;
        subject.create_all_with(0..5, Terms::PASSPHRASE_AND_RECEIPT).await;
        assert!(subject.store.insist(Count).await.unwrap());
        let names =
            ["created_total", "viewed_total", "burned_total", "locked_total", "expired_total"];
        let counts = || {
            let secrets = |name| metric::<u64>(&subject.store, &format!("viewonce_secrets_{name}"));
            let failed = metric::<u64>(&subject.store, "viewonce_store_commits_failed_total");
            (names.map(secrets).map(Option::unwrap), secrets("living"), failed)
        };
        assert_eq!(counts(), ([5, 0, 0, 0, 0], Some(5), Some(0)));
        limit_files(&FREE_BYTES.to_string());
        as_one_batch(&subject.store, fail_to_end(&subject)).await;
        assert_eq!(counts(), ([5, 0, 0, 0, 0], Some(5), Some(1)));
        limit_files("unlimited");
        subject.burn(1).await;
        assert_eq!(counts(), ([5, 0, 1, 0, 0], Some(4), Some(1)));
    }
}

#[actix_web::test]
async fn a_failed_batch_changes_no_rows_and_notifies_no_watch() {
    let test = "sqlite::failure::a_failed_batch_changes_no_rows_and_notifies_no_watch";
    if subprocess::is_alone(test, subprocess::WITHOUT_SIGNALS_OF_LIMITS) {
        let subject = Subject::<Sqlite>::start().await;
        subject.create_all_with(0..5, Terms::PASSPHRASE_AND_RECEIPT).await;
        subject.ask(repeatable_unlock(0, KEY)).await;
        let viewed = subject.receipt_status(0).await;
        let mut watch = waiting(&subject.store, 1).await;
        limit_files(&FREE_BYTES.to_string());
        as_one_batch(&subject.store, fail_to_end(&subject)).await;
        limit_files("unlimited");
        for n in 1..5 {
            assert_eq!(subject.state(n).await, State::Pending, "{n}");
        }
        assert!(waits(&subject.store, &mut watch).await);
        assert_eq!(subject.receipt_status(0).await, viewed);
        assert!(matches!(subject.ask(repeatable_take(0, KEY)).await, Taken::Again { .. }));
        assert!(matches!(
            subject.ask(repeatable_take(1, KEY)).await,
            Taken::PassphraseRequired { .. }
        ));
        assert_eq!(subject.ask(wrong_guess(4)).await, Taken::WrongPassphrase { attempts_left: 2 });
        let creation = subject.new_secret(6, Terms::ALL);
        assert_eq!(subject.store.ask(creation).await.unwrap(), Created::Stored);
    }
}

#[actix_web::test]
async fn a_failed_checkpoint_makes_a_store_unhealthy_and_refuses_no_message() {
    let test =
        "sqlite::failure::a_failed_checkpoint_makes_a_store_unhealthy_and_refuses_no_message";
    if subprocess::is_alone(test, subprocess::WITHOUT_SIGNALS_OF_LIMITS) {
        let subject = Subject::<Sqlite>::start().await;
        subject.create_all(0..ALL).await;
        subject.store.insist(Purge).await.unwrap();
        let database = fs::metadata(subject.backend.database()).unwrap().len();
        // The limit leaves space for the log, but none for the database.
        limit_files(&database.to_string());
        subject.create_all(ALL..ALL + OLD).await;
        subject.store.insist(Ping).await.unwrap();
        subject.store.insist(Purge).await.unwrap_err();
        subject.store.insist(Ping).await.unwrap_err();
        assert!(subject.take(1).await.is_some());
        assert!(subject.take(ALL + 1).await.is_some());
        subject.create(1).await;
        subject.store.insist(Ping).await.unwrap_err();
        limit_files("unlimited");
        subject.store.insist(Purge).await.unwrap();
        subject.store.insist(Ping).await.unwrap();
    }
}

#[actix_web::test]
async fn a_purge_on_a_full_disk_still_erases_ended_secrets() {
    let test = "sqlite::failure::a_purge_on_a_full_disk_still_erases_ended_secrets";
    if subprocess::is_alone(test, subprocess::ON_A_SMALL_FILE_SYSTEM) {
        let subject = Subject::<Sqlite>::start().await;
        subject.create_all(0..OLD).await;
        subject.clock.advance(HOUR / 2);
        subject.create(ALL).await;
        subject.store.insist(Purge).await.unwrap();
        assert!(subject.take(ALL).await.is_some());
        let filler = subject.backend.root.path().join("filler");
        fill(&filler, 0);
        subject.clock.advance(HOUR / 2);
        subject.store.insist(Purge).await.unwrap_err();
        assert!(!found(&subject.backend).contains(&ALL));
        fs::remove_file(filler).unwrap();
        assert_eq!(subject.store.insist(Purge).await.unwrap().secrets, OLD as usize);
    }
}

/// Simulates damage to a page that every purge needs.
#[actix_web::test]
async fn a_permanently_failing_purge_is_unhealthy_and_still_erases() {
    let backend = Subject::<Sqlite>::start().await.close().await;
    let forbid = "CREATE TRIGGER forbid BEFORE DELETE ON creations \
        BEGIN SELECT RAISE(ABORT, 'it is damaged'); END";
    Connection::open(backend.database()).unwrap().execute_batch(forbid).unwrap();
    let subject = Subject::start_in(backend);
    subject.create_with(1, Terms::REPEATABLE).await;
    subject.clock.advance(CREATIONS_KEPT);
    subject.create(2).await;
    assert!(subject.take(2).await.is_some());
    assert!(found(&subject.backend).contains(&2));
    subject.store.insist(Ping).await.unwrap();
    subject.store.insist(Purge).await.unwrap_err();
    assert!(!found(&subject.backend).contains(&2));
    subject.store.insist(Ping).await.unwrap_err();
    subject.create(3).await;
    subject.store.insist(Ping).await.unwrap_err();
}

/// The quota is exceeded, whatever the disk has left.
#[actix_web::test]
async fn a_creation_over_the_quota_is_refused_even_in_a_failed_batch() {
    let test = "sqlite::failure::a_creation_over_the_quota_is_refused_even_in_a_failed_batch";
    if subprocess::is_alone(test, subprocess::WITHOUT_SIGNALS_OF_LIMITS) {
        let bounds = Bounds { max_bytes: 2 * HUGE_BYTES as u64, ..Bounds::NONE };
        let subject = Subject::<Sqlite>::start_with(Rules { bounds, ..RULES });
        subject.create(1).await;
        limit_files(&fs::metadata(subject.backend.log()).unwrap().len().to_string());
        let batch = future::join(huge_create(&subject), subject.store.ask(take_of(only(1))));
        let (created, taken) = as_one_batch(&subject.store, batch).await;
        assert!(matches!(created, Err(StoreError::NoRoom(_))), "{created:?}");
        assert!(matches!(taken, Err(StoreError::OutcomeUnknown(_))), "{taken:?}");
    }
}

/// Ends five secrets in five ways and creates a sixth, in a batch that fails.
async fn fail_to_end(subject: &Subject<Sqlite>) {
    let store = &subject.store;
    let ends = future::join5(
        store.ask(acknowledgement(0, KEY)),
        store.ask(repeatable_unlock(1, KEY)),
        store.ask(Burn(only(2))),
        store.ask(Revoke(receipt(3))),
        store.ask(wrong_guess(4)),
    );
    let creates = future::join(store.ask(subject.new_secret(6, Terms::ALL)), huge_create(subject));
    let ((acknowledged, taken, burned, revoked, guessed), (sixth, huge)) =
        future::join(ends, creates).await;
    acknowledged.unwrap_err();
    taken.unwrap_err();
    burned.unwrap_err();
    revoked.unwrap_err();
    guessed.unwrap_err();
    sixth.unwrap_err();
    huge.unwrap_err();
}

/// Creates a secret larger than SQLite's page cache, so that the batch fails long before the commit.
async fn huge_create(subject: &Subject<Sqlite>) -> Result<Created, StoreError> {
    let ciphertext = vec![7; HUGE_BYTES];
    subject.store.ask(create_of(SealedSecret { ciphertext, ..subject.secret(OLD) })).await
}

/// Creates secrets until every commit fails, asserts that this loses nothing and leaves nothing behind,
/// and returns the first error.
async fn overcome(subject: &Subject<Sqlite>, fail: impl Fn(), mend: impl Fn()) -> StoreError {
    let mut stored: BTreeSet<u32> = (0..OLD).collect();
    subject.create_all(stored.clone()).await;
    fail();
    let error = create_until_nothing_commits(subject, &mut stored).await;
    subject.store.insist(Ping).await.unwrap_err();
    for n in 0..OLD {
        subject.store.ask(take_of(only(n))).await.unwrap_err();
    }
    mend();
    subject.store.insist(Ping).await.unwrap();
    for n in 0..ALL {
        assert_eq!(subject.take(n).await.is_some(), stored.contains(&n), "{n}");
    }
    subject.create(0).await;
    assert!(subject.take(0).await.is_some());
    error
}

/// Creates secrets and notes which are `stored`. When one does not fit, a smaller write may; stops when
/// even a ping fails. Returns the first error.
async fn create_until_nothing_commits(
    subject: &Subject<Sqlite>,
    stored: &mut BTreeSet<u32>,
) -> StoreError {
    let mut first = None;
    for n in OLD..ALL {
        match subject.store.ask(create_of(subject.secret(n))).await {
            Ok(_stored) => drop(stored.insert(n)),
            Err(error) => drop(first.get_or_insert(error)),
        }
        if subject.store.insist(Ping).await.is_err() && subject.store.insist(Ping).await.is_err() {
            break;
        }
    }
    first.unwrap()
}

/// Fills the file system, except for `free` bytes.
fn fill(filler: &Path, free: u64) {
    let mut file = File::create(filler).unwrap();
    for written in (0..=subprocess::SMALL).step_by(4_096) {
        if let Err(error) = file.write_all(&[0; 4_096]) {
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            return file.set_len(written - free).unwrap();
        }
    }
    unreachable!("the file system is small");
}

/// Limits the size of the files that this process writes.
pub(super) fn limit_files(bytes: &str) {
    let process = process::id().to_string();
    let limit = format!("--fsize={bytes}:");
    assert!(Command::new("prlimit").args(["--pid", &process, &limit]).status().unwrap().success());
}
