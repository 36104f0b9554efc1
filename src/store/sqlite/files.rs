//! The files of an open database, looked at from outside by their names.
//!
//! SQLite goes on with files that somebody has replaced, removed or cut: what it wrote there would be
//! acknowledged, and gone at the next start. So before each transaction they are looked at. They are
//! not opened for that: closing another descriptor would drop SQLite's locks.

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
    /// Its device, and its number there.
    identity: (u64, u64),
    /// Its length after the last write. It never shrinks, but for a log that is emptied.
    bytes: u64,
}

/// DatabaseFiles that are not as the last write left them.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum Altered {
    #[error("the database file is not the one that was opened")]
    DatabaseGone,
    #[error("the database file was cut")]
    DatabaseCut,
    #[error("the write-ahead log is not the one that was opened")]
    LogGone,
    #[error("the write-ahead log was cut")]
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

    /// Notes how long they have become.
    pub(super) fn note(&mut self) {
        self.database.note();
        self.log.note();
    }

    /// Notes that the log was emptied into the database.
    pub(super) fn note_emptied(&mut self) {
        self.log.bytes = 0;
        self.note();
    }

    /// Checks that they are those that SQLite has, and whole.
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

    /// Checks that the log can be moved to the database. SQLite has it even where its name has gone.
    pub(super) fn verify_movable(&self) -> Result<(), Altered> {
        match self.verify() {
            Err(Altered::LogGone) => Ok(()),
            verified => verified,
        }
    }

    /// Bytes of the log as it was noted.
    pub(super) fn log_bytes(&self) -> u64 {
        self.log.bytes
    }

    /// Bytes of the database file as it was noted.
    pub(super) fn database_bytes(&self) -> u64 {
        self.database.bytes
    }

    /// Bytes that are left on the file system, to those who are not root.
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

    /// How long it is; nothing if another file stands under its name, or none.
    fn find(&self) -> Option<u64> {
        let file = fs::metadata(&self.path).ok()?;
        ((file.dev(), file.ino()) == self.identity).then_some(file.len())
    }

    fn note(&mut self) {
        self.bytes = self.find().filter(|bytes| *bytes >= self.bytes).unwrap_or(self.bytes);
    }
}
