//! The files of an open database, looked at from outside by their names.
//!
//! SQLite goes on with files that somebody has replaced, removed or cut: what it wrote there would be
//! acknowledged, and gone at the next start. So before each transaction they are looked at. They are
//! not opened for that: closing another descriptor would drop SQLite's locks.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The database file and its write-ahead log.
pub(super) struct Files {
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

/// What stands under the name of a part.
enum Found {
    /// The part, of this length.
    Whole(u64),
    /// The part, and shorter than it was.
    Cut,
    /// Another file, or none.
    Gone,
}

/// Files that are not as the last write left them.
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

impl Files {
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

    /// That they are those that SQLite has, and whole.
    pub(super) fn verify(&self) -> Result<(), Altered> {
        match self.log.find() {
            Found::Gone => Err(Altered::LogGone),
            _ => self.verify_movable(),
        }
    }

    /// That the log can be moved to the database. SQLite has it even where its name has gone.
    pub(super) fn verify_movable(&self) -> Result<(), Altered> {
        match (self.database.find(), self.log.find()) {
            (Found::Gone, _) => Err(Altered::DatabaseGone),
            (Found::Cut, _) => Err(Altered::DatabaseCut),
            (_, Found::Cut) => Err(Altered::LogCut),
            _ => Ok(()),
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

impl Part {
    fn of(path: PathBuf) -> io::Result<Self> {
        let file = fs::metadata(&path)?;
        Ok(Self { path, identity: (file.dev(), file.ino()), bytes: file.len() })
    }

    fn find(&self) -> Found {
        match fs::metadata(&self.path) {
            Ok(file) if (file.dev(), file.ino()) != self.identity => Found::Gone,
            Ok(file) if file.len() < self.bytes => Found::Cut,
            Ok(file) => Found::Whole(file.len()),
            Err(_gone) => Found::Gone,
        }
    }

    fn note(&mut self) {
        if let Found::Whole(bytes) = self.find() {
            self.bytes = bytes;
        }
    }
}
