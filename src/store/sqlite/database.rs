//! The database file: created private and durable, locked, opened, migrated.
//!
//! Once SQLite has opened the file, nothing else in the process opens it: closing another descriptor of
//! the same file would drop SQLite's POSIX locks.

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
/// Marks a database as ours in its header.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"VwO2");
/// Marked databases before the first release. Their secrets were sealed in format 1.
const OLD_APPLICATION_ID: i32 = i32::from_be_bytes(*b"VwOn");

/// Capacity of the statement cache: enough for all statements, so that each is prepared once.
const STATEMENTS: usize = 64;

mod migrations {
    refinery::embed_migrations!("sql/sqlite/migrations");
}

/// Why a database could not be opened. The text is one line and names the file.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A folder or a file cannot be created or written.
    #[error("{path}: cannot be created or written", path = .0.display())]
    Unwritable(PathBuf, #[source] io::Error),
    /// Another process holds the lock.
    #[error("{path}: another process is using this database", path = .0.display())]
    InUse(PathBuf),
    /// Another program created it.
    #[error("{path}: this database does not belong to viewonce", path = .0.display())]
    Foreign(PathBuf),
    /// A version before the first release created it.
    #[error("{path}: this database is from before the first release of viewonce; view its secrets with the version that wrote it, or set store.path to a new file", path = .0.display())]
    Old(PathBuf),
    /// A newer version of this program created it: its schema version, and the newest one known here.
    #[error("{path}: this database is from a newer version of viewonce (schema {1}, this version knows {2})", path = .0.display())]
    Newer(PathBuf, i32, i32),
    /// The file system lacks a feature that a write-ahead log needs.
    #[error("{path}: the file system does not support a write-ahead log", path = .0.display())]
    NoWal(PathBuf),
    /// SQLite cannot open it.
    #[error("{path}: cannot be opened", path = .0.display())]
    Sqlite(PathBuf, #[source] rusqlite::Error),
    /// Its schema cannot be brought up to date.
    #[error("{path}: cannot be migrated", path = .0.display())]
    Migration(PathBuf, #[source] refinery::Error),
}

/// An open database, and the lock that keeps other processes out. Fields drop in order of declaration,
/// so the connection closes before the lock is released.
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) files: DatabaseFiles,
    _lock: File,
}

impl Database {
    /// Opens the database at `path`, creates it if it is missing, and migrates it.
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        create_parents(path)?;
        let lock = lock(path)?;
        if !path.exists() {
            create_file(path)?;
        }
        let mut connection = connect(path)?;
        migrate(path, &mut connection)?;
        let files = DatabaseFiles::of(path).map_err(unwritable(path))?;
        Ok(Self { connection, files, _lock: lock })
    }

    /// Closes the database and removes its log, which a checkpoint has emptied. On any other exit the
    /// log stays for the next start: a partly completed checkpoint would be worse than none.
    pub(super) fn close(self) -> rusqlite::Result<()> {
        let Self { connection, .. } = self;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        connection.close().map_err(|(_connection, error)| error)
    }
}

/// Creates the missing folders above `path`: private, and each durable in its parent.
fn create_parents(path: &Path) -> Result<(), DatabaseError> {
    let missing = path.ancestors().skip(1).take_while(|folder| !exists(folder));
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

fn exists(folder: &Path) -> bool {
    folder.as_os_str().is_empty() || folder.exists()
}

fn create_file(path: &Path) -> Result<(), DatabaseError> {
    open_private(path)
        .and_then(|file| file.sync_all())
        .and_then(|()| sync_parent(path))
        .map_err(unwritable(path))
}

/// Locks the database at `path` for this process. If `path` is a symbolic link, the lock file lies
/// beside the link's target.
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

/// Opens a file for writing. A new file is readable and writable by its owner alone.
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
    // Checked before the first write, so that another program's database stays untouched.
    let owner = owner(&connection).map_err(refused)?;
    match owner {
        Owner::Another => return Err(DatabaseError::Foreign(path.to_owned())),
        Owner::Earlier => return Err(DatabaseError::Old(path.to_owned())),
        Owner::Ours | Owner::Nobody => {}
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

/// The program that a database belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Ours,
    Earlier,
    Nobody,
    Another,
}

fn owner(connection: &Connection) -> rusqlite::Result<Owner> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    Ok(match (number("application_id")?, number("schema_version")?) {
        (APPLICATION_ID, _) => Owner::Ours,
        (OLD_APPLICATION_ID, _) => Owner::Earlier,
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
