//! The files of a database, and the records of writes that are not durable yet. A record is written
//! before the change that it can undo, so that it exists whenever the server is killed.

use std::ffi::{CStr, OsStr, OsString, c_int};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::control::Control;
use crate::format::{FAILED, FILE, Kind, Record, SECTOR, UNDO, files};
use crate::real;

/// An open file of a database.
pub(crate) struct Concerned {
    path: PathBuf,
    name: OsString,
    file: ManuallyDrop<File>,
}

impl Concerned {
    /// The file behind a descriptor, if it belongs to a database.
    pub(crate) fn of(descriptor: c_int) -> Option<Self> {
        let path = fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
        let name = path.file_name().filter(|name| belongs_to_database(name))?.to_owned();
        // SAFETY: the descriptor stays open during the intercepted call, and is not closed here.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(descriptor) });
        Some(Self { path, name, file })
    }

    /// Its bit in `files`.
    pub(crate) fn kind(&self) -> u64 {
        // The kernel appends ` (deleted)` to the name of a removed file.
        let is_log = self.name.as_bytes().starts_with(b"viewonce.sqlite3-wal");
        if is_log { files::LOG } else { files::DATABASE }
    }

    /// Records the bytes that a write from `start` to `end`, or a truncation to `end`, destroys.
    pub(crate) fn keep_before(&self, kind: Kind, start: u64, end: u64) {
        let size = self.size();
        let start = start / SECTOR * SECTOR;
        let last = if kind == Kind::Write { end.next_multiple_of(SECTOR).min(size) } else { size };
        let length =
            usize::try_from(last.saturating_sub(start)).expect("the old bytes fit into memory");
        let old = self.read(start, length);
        self.append(&Record { kind, start, end, size, old });
    }

    /// Marks all earlier writes as durable.
    pub(crate) fn forget(&self) {
        if has_failed(&self.name).exists() {
            self.mark(Kind::Synced);
        } else {
            remove(&undo(&self.name));
        }
    }

    /// Marks all earlier writes as lost unless they are written again.
    pub(crate) fn note_failed_sync(&self) {
        self.mark(Kind::SyncFailed);
        File::create(has_failed(&self.name)).expect("a mark can be created");
    }

    fn mark(&self, kind: Kind) {
        let size = self.size();
        self.append(&Record { kind, start: 0, end: size, size, old: Vec::new() });
    }

    fn append(&self, record: &Record) {
        let undo = undo(&self.name);
        if !undo.exists() {
            let link = in_folder(FILE, &self.name);
            remove(&link);
            symlink(&self.path, link).expect("a file can be linked to");
        }
        let file = OpenOptions::new().append(true).create(true).open(undo);
        let mut file = file.expect("a file of records can be opened");
        file.write_all(&record.to_bytes()).expect("a record can be written");
    }

    /// Reads with the C library's own function, so that no fault is injected.
    fn read(&self, start: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let (place, start) = (bytes.as_mut_ptr().cast(), start.cast_signed());
        // SAFETY: the buffer has `length` bytes.
        let read = unsafe { real::pread()(self.file.as_raw_fd(), place, length, start) };
        assert_eq!(read.cast_unsigned(), length, "what is overwritten can be read");
        bytes
    }

    fn size(&self) -> u64 {
        self.file.metadata().expect("an open file has a size").len()
    }
}

/// Deletes the records of a removed file. The removal itself counts as durable immediately.
pub(crate) fn forget_removed(path: &CStr) {
    let path = Path::new(OsStr::from_bytes(path.to_bytes()));
    if let Some(name) = path.file_name().filter(|name| belongs_to_database(name)) {
        remove(&undo(name));
        remove(&has_failed(name));
    }
}

fn belongs_to_database(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.starts_with(b"viewonce.sqlite3") && !name.ends_with(b".lock")
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => unreachable!("{error}"),
        _ => {}
    }
}

fn undo(name: &OsStr) -> PathBuf {
    in_folder(UNDO, name)
}

fn has_failed(name: &OsStr) -> PathBuf {
    in_folder(FAILED, name)
}

fn in_folder(prefix: &str, name: &OsStr) -> PathBuf {
    let mut prefixed = OsString::from(prefix);
    prefixed.push(name);
    Control::get().folder().join(prefixed)
}
