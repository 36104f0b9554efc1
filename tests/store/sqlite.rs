//! SQLite as a backend, and its promises besides the contract.

mod corruption;
mod erasure;
mod failure;
mod files;
mod large;
mod quota;
mod refusal;
mod rows;
mod shared_places;
mod shreds;

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use viewonce::domain::clock::Clock;
use viewonce::runtime::lifeline::{Ended, Lifelines};
use viewonce::store::sqlite::{DatabaseError, StoreActor};
use viewonce::store::{Rules, Store};

use crate::backend::{Backend, RULES};

/// How long a lock may delay a start before that is a failure.
const PATIENCE: Duration = Duration::from_mins(1);

/// A database in a temporary folder, two folders deep.
pub(crate) struct Sqlite {
    root: TempDir,
}

impl Sqlite {
    /// A folder in memory, if the machine has one, for a test that writes very often.
    pub(crate) fn in_memory() -> Self {
        let root = tempfile::tempdir_in("/dev/shm").or_else(|_none| tempfile::tempdir()).unwrap();
        Self { root }
    }

    /// The folder that contains only the database.
    fn folder(&self) -> PathBuf {
        self.root.path().join("storage").join("db")
    }

    fn database(&self) -> PathBuf {
        self.folder().join("viewonce.sqlite3")
    }

    /// The write-ahead log.
    fn log(&self) -> PathBuf {
        self.folder().join("viewonce.sqlite3-wal")
    }

    /// The files in the folder of the database.
    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// Writes these bytes to the path of the database.
    fn write(&self, bytes: &[u8]) {
        fs::create_dir_all(self.folder()).unwrap();
        fs::write(self.database(), bytes).unwrap();
    }

    fn open(
        &self,
        rules: Rules,
        clock: Clock,
        mailbox: usize,
    ) -> Result<(Store, Ended), DatabaseError> {
        let (lifelines, ended) = Lifelines::new();
        let lifeline = lifelines.of("store");
        let store = StoreActor::start(&self.database(), rules, clock, mailbox, lifeline)?;
        Ok((store, ended))
    }

    /// Starts a store here, or returns why it failed, including that the database is in use.
    fn try_start(&self) -> Result<(), DatabaseError> {
        self.open(RULES, Clock::default(), 16).map(drop)
    }
}

impl Backend for Sqlite {
    fn fresh() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn start(&self, rules: Rules, clock: Clock, mailbox: usize) -> (Store, Ended) {
        unless_in_use(|| self.open(rules, clock.clone(), mailbox)).unwrap()
    }
}

/// Retries a start on a database that no store uses. A child that another test is forking inherits a
/// lock that was just released here, and keeps it until its exec.
fn unless_in_use<T>(start: impl Fn() -> Result<T, DatabaseError>) -> Result<T, DatabaseError> {
    let began = Instant::now();
    loop {
        match start() {
            Err(DatabaseError::InUse(_)) if began.elapsed() < PATIENCE => thread::yield_now(),
            started => return started,
        }
    }
}
