//! The formats shared by the injector and the test: the words of the control file, and the records of
//! what a power cut undoes. Both are in native byte order.

/// The words of the control file, of eight bytes each. The error is written last and cleared first, so
/// that a fault never holds in part.
pub(crate) mod word {
    /// The error that calls fail with; 0: they do not.
    pub(crate) const ERROR: usize = 0;
    /// Which calls fail: bits of [`super::calls`].
    pub(crate) const CALLS: usize = 1;
    /// Of which files: bits of [`super::files`].
    pub(crate) const FILES: usize = 2;
    /// How many such calls succeed before; the injector counts them down.
    pub(crate) const BEFORE: usize = 3;
    /// Whether a write that fails has written half of its bytes.
    pub(crate) const TORN: usize = 4;
    /// Calls that have failed; the injector counts them.
    pub(crate) const FAILED: usize = 5;
    /// Whether syncs do nothing.
    pub(crate) const IGNORE_SYNCS: usize = 6;
    /// Milliseconds that the wall clock is ahead by; they are signed.
    pub(crate) const CLOCK: usize = 7;
    /// Which thread finds no wall clock, one of [`super::panics`]; the injector clears it.
    pub(crate) const PANIC: usize = 8;
    /// Whether no thread can be started.
    pub(crate) const NO_THREADS: usize = 9;
    /// How many words there are.
    pub(crate) const COUNT: usize = 10;
}

/// The threads that may find no wall clock, upon which they panic.
pub(crate) mod panics {
    /// The one that wrote to the database last.
    pub(crate) const STORE: u64 = 1;
    /// The main one.
    pub(crate) const MAIN: u64 = 2;
    /// Any other.
    pub(crate) const OTHER: u64 = 3;
}

/// The calls that may fail.
pub(crate) mod calls {
    pub(crate) const WRITE: u64 = 1;
    pub(crate) const SYNC: u64 = 2;
    pub(crate) const READ: u64 = 4;
    pub(crate) const TRUNCATE: u64 = 8;
}

/// The files whose calls may fail.
pub(crate) mod files {
    pub(crate) const DATABASE: u64 = 1;
    pub(crate) const LOG: u64 = 2;
}

/// In a server's environment: the injector's folder.
pub(crate) const FOLDER: &str = "VIEWONCE_LAYER";
/// The control file, in that folder.
pub(crate) const CONTROL: &str = "control";
/// Before a file's name: a link to it, in that folder.
pub(crate) const FILE: &str = "file.";
/// Before a file's name: its records, in that folder.
pub(crate) const UNDO: &str = "undo.";
/// Before a file's name: a mark that a sync of it has failed since its records begin.
pub(crate) const FAILED: &str = "failed.";
/// The unit that a disk writes atomically.
pub(crate) const SECTOR: u64 = 512;

const HEAD: usize = 5 * 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Bytes from `start` to `end` were written.
    Write,
    /// The file was cut, or grew, to `end`.
    Truncate,
    /// A sync failed: what was written before is on the disk only if it is written again.
    SyncFailed,
    /// After a failed sync, one succeeded; the file's size was `end`.
    Synced,
}

/// What was done to a file, and what was there before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// The file's size before.
    pub(crate) size: u64,
    /// The bytes from `start` that were there before: whole sectors, as far as the file went.
    pub(crate) old: Vec<u8>,
}

impl Record {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let length = self.old.len() as u64;
        let head = [self.kind as u64, self.start, self.end, self.size, length];
        let mut bytes: Vec<u8> = head.into_iter().flat_map(u64::to_ne_bytes).collect();
        bytes.extend(&self.old);
        bytes
    }

    /// The records in `bytes`, but for a last one that is not whole: what it is about was not done.
    pub(crate) fn all(bytes: &[u8]) -> Vec<Self> {
        let mut rest = bytes;
        std::iter::from_fn(|| Self::next(&mut rest)).collect()
    }

    fn next(rest: &mut &[u8]) -> Option<Self> {
        let (head, tail) = rest.split_at_checked(HEAD)?;
        let number =
            |place: usize| head.chunks_exact(8).nth(place)?.try_into().map(u64::from_ne_bytes).ok();
        let length = usize::try_from(number(4)?).ok()?;
        let (old, tail) = tail.split_at_checked(length)?;
        let kind = match number(0)? {
            0 => Kind::Write,
            1 => Kind::Truncate,
            2 => Kind::SyncFailed,
            _ => Kind::Synced,
        };
        *rest = tail;
        let old = old.to_owned();
        Some(Self { kind, start: number(1)?, end: number(2)?, size: number(3)?, old })
    }
}
