//! The database file: made private and durable, locked, opened, migrated.
//!
//! Once SQLite has the file, nothing in the process opens it again: closing any other descriptor
//! of it would drop SQLite's own locks.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use refinery::Migration;
use refinery::error::Kind;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::files::DatabaseFiles;

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// Marks a database as ours in its header: `VwOn`.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"VwOn");

/// Quota for every statement, so that each is prepared once.
const STATEMENTS: usize = 64;

mod migrations {
    refinery::embed_migrations!("sql/sqlite/migrations");
}

/// Why a database does not open. Its text is one line and names the file.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A folder or a file cannot be made or written.
    #[error("{path}: cannot be made or written", path = .0.display())]
    Unwritable(PathBuf, #[source] io::Error),
    /// Another process has it.
    #[error("{path}: another process is using this database", path = .0.display())]
    InUse(PathBuf),
    /// It is some other program's.
    #[error("{path}: this is a database, but not one of viewonce's", path = .0.display())]
    Foreign(PathBuf),
    /// A newer version of this program made it: the version of its schema, and the newest known.
    #[error("{path}: this database is from a newer version of viewonce (schema {1}, this version knows {2})", path = .0.display())]
    Newer(PathBuf, i32, i32),
    /// The file system does not do what a write-ahead log needs.
    #[error("{path}: the file system does not support a write-ahead log", path = .0.display())]
    NoWal(PathBuf),
    /// SQLite refuses it.
    #[error("{path}: cannot be opened", path = .0.display())]
    Sqlite(PathBuf, #[source] rusqlite::Error),
    /// Its schema cannot be brought up to date.
    #[error("{path}: cannot be migrated", path = .0.display())]
    Migration(PathBuf, #[source] refinery::Error),
}

/// An open database, and the lock that keeps other processes out. Fields drop in their order: the
/// connection closes before the lock goes.
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) files: DatabaseFiles,
    _lock: File,
}

impl Database {
    /// Opens the database at `path`, which is made if it is not there, and migrates it.
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        make_parents(path)?;
        let lock = lock(path)?;
        if !path.exists() {
            make_file(path)?;
        }
        let mut connection = connect(path)?;
        migrate(path, &mut connection)?;
        let files = DatabaseFiles::of(path).map_err(unwritable(path))?;
        Ok(Self { connection, files, _lock: lock })
    }

    /// Closes it, and removes its log, which has been emptied. Without this, whatever the end is, the
    /// log stays for the next start: to move only a part of it would be worse than nothing.
    pub(super) fn close(self) -> rusqlite::Result<()> {
        let Self { connection, .. } = self;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        connection.close().map_err(|(_connection, error)| error)
    }
}

/// Makes the missing folders above `path`, private, each durable in its parent.
fn make_parents(path: &Path) -> Result<(), DatabaseError> {
    let missing = path.ancestors().skip(1).take_while(|folder| !is_here(folder));
    for folder in missing.collect::<Vec<_>>().into_iter().rev() {
        DirBuilder::new()
            .mode(FOLDER_MODE)
            .create(folder)
            .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE)))
            .and_then(|()| sync_parent(folder))
            .map_err(unwritable(folder))?;
    }
    Ok(())
}

fn is_here(folder: &Path) -> bool {
    folder.as_os_str().is_empty() || folder.exists()
}

fn make_file(path: &Path) -> Result<(), DatabaseError> {
    open_private(path)
        .and_then(|file| file.sync_all())
        .and_then(|()| sync_parent(path))
        .map_err(unwritable(path))
}

/// Locks the database at `path` for this process, beside the file itself where `path` is a link.
fn lock(path: &Path) -> Result<File, DatabaseError> {
    let mut name = path.canonicalize().unwrap_or_else(|_missing| path.to_owned()).into_os_string();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let file = open_private(&lock_path).map_err(unwritable(&lock_path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DatabaseError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(unwritable(&lock_path)(source)),
    }
}

/// Opens a file for writing; if it has to be made, then readable by its owner alone.
fn open_private(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(FILE_MODE).open(path)?;
    if is_new {
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    }
    Ok(file)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

fn unwritable(path: &Path) -> impl Fn(io::Error) -> DatabaseError {
    move |source| DatabaseError::Unwritable(path.to_owned(), source)
}

fn connect(path: &Path) -> Result<Connection, DatabaseError> {
    let refused = |source| DatabaseError::Sqlite(path.to_owned(), source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(refused)?;
    let keeps_log = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    connection.set_db_config(keeps_log, true).map_err(refused)?;
    connection.execute_batch(include_str!("../../../sql/sqlite/lock.sql")).map_err(refused)?;
    // Before anything is written: what is not ours stays as it is.
    let owner = owner(&connection).map_err(refused)?;
    if owner == Owner::Another {
        return Err(DatabaseError::Foreign(path.to_owned()));
    }
    connection.execute_batch(include_str!("../../../sql/sqlite/open.sql")).map_err(refused)?;
    if owner == Owner::Nobody {
        connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(refused)?;
    }
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let journal: String =
        connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(refused)?;
    if journal != "wal" {
        return Err(DatabaseError::NoWal(path.to_owned()));
    }
    Ok(connection)
}

/// Whose a database is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Ours,
    Nobody,
    Another,
}

fn owner(connection: &Connection) -> rusqlite::Result<Owner> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    Ok(match (number("application_id")?, number("schema_version")?) {
        (APPLICATION_ID, _) => Owner::Ours,
        (0, 0) => Owner::Nobody,
        _ => Owner::Another,
    })
}

fn migrate(path: &Path, connection: &mut Connection) -> Result<(), DatabaseError> {
    let runner = migrations::migrations::runner();
    let known = runner.get_migrations().iter().map(Migration::version).max().unwrap_or(0);
    let path = || path.to_owned();
    runner.run(connection).map(drop).map_err(|source| match source.kind() {
        Kind::MissingVersion(found) if found.version() > known => {
            DatabaseError::Newer(path(), found.version(), known)
        }
        _ => DatabaseError::Migration(path(), source),
    })
}
