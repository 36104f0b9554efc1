//! The files of an open database, looked at from outside by their names.
//!
//! SQLite goes on with files that somebody has replaced, removed or cut: what it wrote there would be
//! acknowledged, and gone at the next start. So before each transaction they are looked at. They are
//! not opened for that: closing another descriptor would drop SQLite's locks.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The database file and its write-ahead log.
pub(super) struct Files {
    database: PathBuf,
    log: PathBuf,
    is_database: Identity,
    /// The log as it was after the last write.
    seen_log: Option<(Identity, u64)>,
}

/// Which file it is that has a name: its device and its number there.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity(u64, u64);

/// Files that are not as the last write left them.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum Altered {
    #[error("the database file is not the one that was opened")]
    Database,
    #[error("the write-ahead log is not as it was left")]
    Log,
}

impl Files {
    /// The files of the database that SQLite has open at `path`.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let database = path.canonicalize()?;
        let mut log = database.clone().into_os_string();
        log.push("-wal");
        let is_database = identity(&fs::metadata(&database)?);
        let mut files = Self { database, log: log.into(), is_database, seen_log: None };
        files.note();
        Ok(files)
    }

    /// Notes what the log is like now.
    pub(super) fn note(&mut self) {
        self.seen_log = self.look_at_log();
    }

    /// That the files are those that SQLite has, and as they were noted.
    pub(super) fn verify(&self) -> Result<(), Altered> {
        let database = fs::metadata(&self.database).ok();
        if database.as_ref().map(identity) != Some(self.is_database) {
            return Err(Altered::Database);
        }
        if self.look_at_log() == self.seen_log { Ok(()) } else { Err(Altered::Log) }
    }

    /// Bytes of the log as it was noted.
    pub(super) fn log_bytes(&self) -> u64 {
        self.seen_log.map_or(0, |(_, bytes)| bytes)
    }

    /// Bytes that are left on the file system, to those who are not root.
    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        let folder = self.database.parent().unwrap_or(Path::new("/"));
        let system = rustix::fs::statvfs(folder)?;
        Ok(system.f_bavail.saturating_mul(system.f_frsize))
    }

    fn look_at_log(&self) -> Option<(Identity, u64)> {
        let log = fs::metadata(&self.log).ok()?;
        Some((identity(&log), log.len()))
    }
}

fn identity(metadata: &Metadata) -> Identity {
    Identity(metadata.dev(), metadata.ino())
}
