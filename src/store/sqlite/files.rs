//! Checks on the files of an open database, by their names.
//!
//! SQLite does not notice files that were replaced, removed or truncated: it would acknowledge writes
//! that are gone at the next start. So each transaction checks the files first. It uses `stat` and does
//! not open them: closing another descriptor would drop SQLite's locks.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::StoreError;

/// The database file and its write-ahead log.
pub(super) struct DatabaseFiles {
    database: Part,
    log: Part,
}

/// One of the files that SQLite has open.
struct Part {
    path: PathBuf,
    /// Device and inode number.
    identity: (u64, u64),
    /// Its length after the last write. Only a checkpoint, which empties the log, makes it shrink.
    bytes: u64,
}

/// How the files differ from the state that the last write left.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum Altered {
    #[error("the database file is not the one that was opened")]
    DatabaseGone,
    #[error("the database file was truncated")]
    DatabaseCut,
    #[error("the write-ahead log is not the one that was opened")]
    LogGone,
    #[error("the write-ahead log was truncated")]
    LogCut,
}

impl DatabaseFiles {
    /// The files of the database that SQLite has open at `path`.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let database = path.canonicalize()?;
        let mut log = database.clone().into_os_string();
        log.push("-wal");
        Ok(Self { database: Part::of(database)?, log: Part::of(log.into())? })
    }

    /// Records the lengths of the files.
    pub(super) fn note(&mut self) {
        self.database.note();
        self.log.note();
    }

    /// Records that a checkpoint has emptied the log into the database.
    pub(super) fn note_emptied(&mut self) {
        self.log.bytes = 0;
        self.note();
    }

    /// Checks that these are still the files that SQLite has open, and that none was truncated.
    pub(super) fn verify(&self) -> Result<(), Altered> {
        let (database, log) = (self.database.find(), self.log.find());
        if database.ok_or(Altered::DatabaseGone)? < self.database.bytes {
            return Err(Altered::DatabaseCut);
        }
        if log.ok_or(Altered::LogGone)? < self.log.bytes {
            return Err(Altered::LogCut);
        }
        Ok(())
    }

    /// Checks that a checkpoint is possible. SQLite has the log open even if its name was removed.
    pub(super) fn verify_movable(&self) -> Result<(), Altered> {
        match self.verify() {
            Err(Altered::LogGone) => Ok(()),
            verified => verified,
        }
    }

    /// The recorded length of the log.
    pub(super) fn log_bytes(&self) -> u64 {
        self.log.bytes
    }

    /// The recorded length of the database file.
    pub(super) fn database_bytes(&self) -> u64 {
        self.database.bytes
    }

    /// The bytes that an unprivileged user may still write on the file system.
    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        let folder = self.database.path.parent().unwrap_or(Path::new("/"));
        let system = rustix::fs::statvfs(folder)?;
        Ok(system.f_bavail.saturating_mul(system.f_frsize))
    }
}

impl From<Altered> for StoreError {
    fn from(altered: Altered) -> Self {
        Self::Failed(Arc::new(altered))
    }
}

impl Part {
    fn of(path: PathBuf) -> io::Result<Self> {
        let file = fs::metadata(&path)?;
        Ok(Self { path, identity: (file.dev(), file.ino()), bytes: file.len() })
    }

    /// Its length; `None` if its name is gone or belongs to another file.
    fn find(&self) -> Option<u64> {
        let file = fs::metadata(&self.path).ok()?;
        ((file.dev(), file.ino()) == self.identity).then_some(file.len())
    }

    fn note(&mut self) {
        self.bytes = self.find().filter(|bytes| *bytes >= self.bytes).unwrap_or(self.bytes);
    }
}
