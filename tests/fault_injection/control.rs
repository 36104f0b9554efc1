//! The memory-mapped control file: which calls fail, and how far the clock is off.

use std::env;
use std::ffi::c_int;
use std::fs::OpenOptions;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use libc::timespec;

use crate::format::{CONTROL, FOLDER, panics, word};

const SECOND: i64 = 1_000_000_000;
const MILLISECOND: i64 = 1_000_000;

/// The mapped control file, through which the test controls the injector and reads its counts.
pub(crate) struct Control {
    folder: PathBuf,
    words: &'static [AtomicU64; word::COUNT],
    /// The thread that last wrote to a file of the database.
    writer: AtomicI32,
}

impl Control {
    pub(crate) fn get() -> &'static Self {
        static MAPPED: OnceLock<Control> = OnceLock::new();
        MAPPED.get_or_init(|| {
            let folder = PathBuf::from(env::var_os(FOLDER).expect("the injector has a folder"));
            let words = map(&folder.join(CONTROL));
            Self { folder, words, writer: AtomicI32::new(0) }
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The error with which this call must fail, if it must.
    pub(crate) fn fails(&self, call: u64, file: u64) -> Option<c_int> {
        let error = c_int::try_from(self.read(word::ERROR)).ok().filter(|&error| error != 0)?;
        if self.read(word::CALLS) & call == 0 || self.read(word::FILES) & file == 0 {
            return None;
        }
        let less = |left: u64| left.checked_sub(1);
        let (before, order) = (&self.words[word::BEFORE], Ordering::SeqCst);
        if before.fetch_update(order, order, less).is_ok() {
            return None;
        }
        self.words[word::FAILED].fetch_add(1, order);
        Some(error)
    }

    pub(crate) fn is_torn(&self) -> bool {
        self.read(word::TORN) != 0
    }

    pub(crate) fn ignores_syncs(&self) -> bool {
        self.read(word::IGNORE_SYNCS) != 0
    }

    pub(crate) fn starts_no_threads(&self) -> bool {
        self.read(word::NO_THREADS) != 0
    }

    /// Records this thread as the last writer.
    pub(crate) fn note_writer(&self) {
        self.writer.store(this_thread(), Ordering::SeqCst);
    }

    /// Whether this thread's read of the clock must fail. At most once per request of the test.
    pub(crate) fn fails_clock(&self) -> bool {
        let thread = this_thread();
        let is_store = self.writer.load(Ordering::SeqCst) == thread;
        // SAFETY: `getpid` has no preconditions.
        let is_main = unsafe { libc::getpid() } == thread;
        let is_selected = match self.read(word::PANIC) {
            panics::STORE => is_store,
            panics::MAIN => is_main,
            panics::OTHER => !is_store && !is_main,
            _ => false,
        };
        is_selected && self.words[word::PANIC].swap(0, Ordering::SeqCst) != 0
    }

    pub(crate) fn move_clock(&self, time: &mut timespec) {
        let milliseconds = self.read(word::CLOCK).cast_signed();
        let nanoseconds = time.tv_nsec + milliseconds % 1_000 * MILLISECOND;
        time.tv_sec += milliseconds / 1_000 + nanoseconds.div_euclid(SECOND);
        time.tv_nsec = nanoseconds.rem_euclid(SECOND);
    }

    fn read(&self, word: usize) -> u64 {
        self.words[word].load(Ordering::SeqCst)
    }
}

fn this_thread() -> c_int {
    // SAFETY: `gettid` has no preconditions.
    unsafe { libc::gettid() }
}

fn map(path: &Path) -> &'static [AtomicU64; word::COUNT] {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .expect("the injector has a control file");
    let (size, access) = (word::COUNT * 8, libc::PROT_READ | libc::PROT_WRITE);
    // SAFETY: the mapping gets a new address range, so it overlaps no other memory.
    let place =
        unsafe { libc::mmap(ptr::null_mut(), size, access, libc::MAP_SHARED, file.as_raw_fd(), 0) };
    assert!(place != libc::MAP_FAILED, "the control file can be mapped");
    // SAFETY: the mapping lives until the process ends, and is page-aligned.
    unsafe { &*place.cast() }
}
