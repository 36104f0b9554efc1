//! Controls the fault injector of a server from a test: failing calls, clock jumps and power cuts. The
//! library inside the server is in `tests/fault_injection`.
#![allow(dead_code, unused_imports, reason = "no test binary uses all of it")]

#[path = "../fault_injection/format.rs"]
mod format;

use std::collections::HashSet;
use std::env;
use std::fs::{self, File, OpenOptions};
use std::iter::repeat;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use chrono::TimeDelta;
use serde_json::Value;
use tempfile::TempDir;

use format::{CONTROL, FAILED, FILE, FOLDER, Kind, Record, SECTOR, UNDO, word};
pub(crate) use format::{calls, files, panics};

/// A fault to inject.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// The error number, as in `libc::EIO`.
    pub(crate) error: i32,
    /// Which calls fail, as in `calls::WRITE | calls::SYNC`.
    pub(crate) calls: u64,
    /// The files whose calls fail, as in `files::LOG`.
    pub(crate) files: u64,
    /// How many such calls succeed first.
    pub(crate) before: u64,
    /// Whether a failing write writes half of its bytes.
    pub(crate) is_torn: bool,
}

impl Fault {
    /// Every such call fails.
    pub(crate) const fn new(error: i32, calls: u64, files: u64) -> Self {
        Self { error, calls, files, before: 0, is_torn: false }
    }

    /// Lets this many calls succeed first.
    pub(crate) const fn after(self, before: u64) -> Self {
        Self { before, ..self }
    }

    /// Makes a failing write write half of its bytes.
    pub(crate) const fn torn(self) -> Self {
        Self { is_torn: true, ..self }
    }
}

/// A disk and a clock under the control of a test, for one server at a time.
pub(crate) struct FaultInjector {
    folder: TempDir,
    control: File,
}

impl FaultInjector {
    /// Starts without faults: a reliable disk and a correct clock.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CONTROL);
        let control = OpenOptions::new().read(true).write(true).create_new(true).open(path);
        let injector = Self { folder, control: control.unwrap() };
        injector.control.set_len((word::COUNT * size_of::<u64>()) as u64).unwrap();
        injector
    }

    /// Preloads the injector into a server.
    pub(crate) fn under<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("LD_PRELOAD", library()).env(FOLDER, self.folder.path())
    }

    /// Lets calls fail from now on.
    pub(crate) fn fail(&self, fault: Fault) {
        self.mend();
        self.write(word::CALLS, fault.calls);
        self.write(word::FILES, fault.files);
        self.write(word::BEFORE, fault.before);
        self.write(word::TORN, u64::from(fault.is_torn));
        self.write(word::FAILED, 0);
        self.write(word::ERROR, u64::try_from(fault.error).unwrap());
    }

    /// Lets all calls succeed again.
    pub(crate) fn mend(&self) {
        self.write(word::ERROR, 0);
    }

    /// How many calls have failed since the last [`FaultInjector::fail`].
    pub(crate) fn failed(&self) -> u64 {
        let mut bytes = [0; size_of::<u64>()];
        self.control.read_exact_at(&mut bytes, place(word::FAILED)).unwrap();
        u64::from_ne_bytes(bytes)
    }

    /// Sets the server's wall clock ahead of this one by `offset`, which may be negative.
    pub(crate) fn set_clock(&self, offset: TimeDelta) {
        self.write(word::CLOCK, offset.num_milliseconds().cast_unsigned());
    }

    /// Makes a thread (such as `panics::STORE`) panic: its next read of the clock fails.
    pub(crate) fn panic(&self, thread: u64) {
        self.write(word::PANIC, thread);
    }

    /// Prevents new threads from starting from now on.
    pub(crate) fn start_no_threads(&self) {
        self.write(word::NO_THREADS, 1);
    }

    /// Makes syncs succeed without effect from now on.
    pub(crate) fn ignore_syncs(&self) {
        self.write(word::IGNORE_SYNCS, 1);
    }

    /// Lets syncs take effect again.
    pub(crate) fn restore_syncs(&self) {
        self.write(word::IGNORE_SYNCS, 0);
    }

    /// Simulates a power cut after the server was killed. For each unsynced sector and each unsynced
    /// change of a file's size, `draw` decides whether it had reached the disk.
    pub(crate) fn cut_power(&self, mut draw: impl FnMut() -> bool) {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        // Sorted, so that the same draws have the same effect.
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap().to_str().unwrap();
            if let Some(name) = name.strip_prefix(UNDO) {
                let records = Record::all(&fs::read(&path).unwrap());
                undo(&self.folder.path().join([FILE, name].concat()), &records, &mut draw);
            }
            if name.starts_with(UNDO) || name.starts_with(FAILED) {
                fs::remove_file(&path).unwrap();
            }
        }
    }

    fn write(&self, word: usize, value: u64) {
        self.control.write_all_at(&value.to_ne_bytes(), place(word)).unwrap();
    }
}

fn place(word: usize) -> u64 {
    (word * size_of::<u64>()) as u64
}

/// A sequence of draws that depends only on `seed`.
pub(crate) fn draws(mut seed: u64) -> impl FnMut() -> bool {
    move || {
        // The constants of Knuth's MMIX; the highest bit is the best.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 63 != 0
    }
}

/// The library, which is built on first use.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        // Same target folder and profile as this binary, so that nothing else is rebuilt.
        let built = Path::new(env!("CARGO_BIN_EXE_viewonce")).parent().unwrap();
        let name = built.file_name().unwrap().to_str().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        // Cargo's package variables would make the build scripts run again.
        for (name, _) in env::vars().filter(|(name, _)| is_of_package(name)) {
            cargo.env_remove(name);
        }
        let output = cargo
            .args(["build", "--quiet", "--example", "fault_injection", "--message-format=json"])
            .args(["--profile", if name == "debug" { "dev" } else { name }, "--target-dir"])
            .arg(built.parent().unwrap())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let messages = String::from_utf8(output.stdout).unwrap();
        let artifact = |line| {
            let message: Value = serde_json::from_str(line).unwrap();
            let is_library = message["target"]["name"] == "fault_injection";
            is_library.then(|| message["filenames"][0].as_str().map(PathBuf::from)).flatten()
        };
        messages.lines().find_map(artifact).expect("cargo names the library")
    })
}

fn is_of_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| variable.starts_with(start))
}

/// The outcome of the syncs that came after a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LaterSync {
    /// No later sync, or the next one failed.
    Open,
    /// A later sync succeeded.
    Durable,
}

/// A file during the simulation of a power cut.
struct Remains<'d> {
    file: File,
    draw: &'d mut dyn FnMut() -> bool,
    /// Sectors whose synced content stays.
    durable: HashSet<u64>,
    /// The end of the last bytes that stay.
    end: u64,
    /// Whether the file's synced size stays.
    is_size_durable: bool,
}

/// Undoes the records of a file from the last to the first.
fn undo(path: &Path, records: &[Record], draw: &mut dyn FnMut() -> bool) {
    // A file that was created and removed again leaves nothing.
    let Ok(file) = OpenOptions::new().read(true).write(true).open(path) else { return };
    let durable = HashSet::new();
    let mut remains = Remains { file, draw, durable, end: 0, is_size_durable: false };
    let mut later_sync = LaterSync::Open;
    for record in records.iter().rev() {
        match (record.kind, later_sync) {
            (Kind::SyncFailed, _) => later_sync = LaterSync::Open,
            (Kind::Synced, _) => {
                later_sync = LaterSync::Durable;
                remains.is_size_durable = true;
            }
            (Kind::Write, LaterSync::Open) => remains.undo_write(record),
            (Kind::Write, LaterSync::Durable) => remains.durable.extend(sectors(record)),
            (Kind::Truncate, LaterSync::Open) => remains.undo_truncation(record),
            (Kind::Truncate, LaterSync::Durable) => {}
        }
    }
}

impl Remains<'_> {
    fn undo_write(&mut self, record: &Record) {
        for sector in sectors(record) {
            let bytes = sector * SECTOR..((sector + 1) * SECTOR).min(record.end);
            if self.durable.contains(&sector) || (self.draw)() {
                self.end = self.end.max(bytes.end);
            } else {
                self.put_back(sector, record);
            }
        }
        if record.end > record.size {
            self.cut_to(record.size.max(self.end));
        }
    }

    /// A change of the size is either on the disk or not, as a whole.
    fn undo_truncation(&mut self, record: &Record) {
        if self.is_size_durable || (self.draw)() {
            return;
        }
        if record.size > record.end {
            self.file.write_all_at(&record.old, record.start).unwrap();
            self.end = self.end.max(record.size);
        } else {
            self.cut_to(record.size.max(self.end));
        }
    }

    /// Restores the old bytes of a sector up to the end of the file. Bytes beyond the old end are zero.
    fn put_back(&self, sector: u64, record: &Record) {
        let start = sector * SECTOR;
        let remaining = self.file.metadata().unwrap().len().saturating_sub(start).min(SECTOR);
        let from = usize::try_from(start - record.start).unwrap();
        let old = record.old.iter().skip(from).copied().chain(repeat(0));
        let bytes: Vec<u8> = old.take(usize::try_from(remaining).unwrap()).collect();
        self.file.write_all_at(&bytes, start).unwrap();
    }

    fn cut_to(&self, size: u64) {
        if !self.is_size_durable && size < self.file.metadata().unwrap().len() {
            self.file.set_len(size).unwrap();
        }
    }
}

fn sectors(record: &Record) -> Range<u64> {
    record.start / SECTOR..record.end.div_ceil(SECTOR)
}
