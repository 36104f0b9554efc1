//! The formats shared by the injector and the test: the words of the control file, and the records that
//! a power cut undoes. Both are in native byte order.

/// The words of the control file, of eight bytes each. The error is written last and cleared first, so
/// that a fault is never active in part.
pub(crate) mod word {
    /// The error number of failing calls; 0 if no call fails.
    pub(crate) const ERROR: usize = 0;
    /// Which calls fail: bits of [`super::calls`].
    pub(crate) const CALLS: usize = 1;
    /// The files whose calls fail: bits of [`super::files`].
    pub(crate) const FILES: usize = 2;
    /// How many such calls succeed first; the injector counts them down.
    pub(crate) const BEFORE: usize = 3;
    /// Whether a failing write writes half of its bytes.
    pub(crate) const TORN: usize = 4;
    /// Number of failed calls; the injector counts them.
    pub(crate) const FAILED: usize = 5;
    /// Whether syncs do nothing.
    pub(crate) const IGNORE_SYNCS: usize = 6;
    /// Offset of the wall clock in milliseconds, signed.
    pub(crate) const CLOCK: usize = 7;
    /// The thread whose next read of the clock fails, one of [`super::panics`]; the injector clears it.
    pub(crate) const PANIC: usize = 8;
    /// Whether starting a thread fails.
    pub(crate) const NO_THREADS: usize = 9;
    /// Number of words.
    pub(crate) const COUNT: usize = 10;
}

/// The threads that can be made to panic by a failing clock.
pub(crate) mod panics {
    /// The thread that last wrote to the database.
    pub(crate) const STORE: u64 = 1;
    /// The main thread.
    pub(crate) const MAIN: u64 = 2;
    /// Any other thread.
    pub(crate) const OTHER: u64 = 3;
}

/// The calls that can fail.
pub(crate) mod calls {
    pub(crate) const WRITE: u64 = 1;
    pub(crate) const SYNC: u64 = 2;
    pub(crate) const READ: u64 = 4;
    pub(crate) const TRUNCATE: u64 = 8;
}

/// The files whose calls can fail.
pub(crate) mod files {
    pub(crate) const DATABASE: u64 = 1;
    pub(crate) const LOG: u64 = 2;
}

/// Environment variable of the server: the injector's folder.
pub(crate) const FOLDER: &str = "VIEWONCE_LAYER";
/// Name of the control file in that folder.
pub(crate) const CONTROL: &str = "control";
/// Prefix of a file's name: a link to the file, in that folder.
pub(crate) const FILE: &str = "file.";
/// Prefix of a file's name: its records, in that folder.
pub(crate) const UNDO: &str = "undo.";
/// Prefix of a file's name: a mark that a sync has failed since the first record.
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
    /// A sync failed: earlier writes reach the disk only if they are written again.
    SyncFailed,
    /// After a failed sync, one succeeded; the file's size was `end`.
    Synced,
}

/// A change of a file, and the bytes that it destroyed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// The file's size before the change.
    pub(crate) size: u64,
    /// The old bytes from `start`: whole sectors, up to the end of the file.
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

    /// The records in `bytes`, except an incomplete last one: its change was never made.
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
