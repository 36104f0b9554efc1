//! The log lines on their way to standard error. A thread that logs appends its line to a bounded buffer.
//! Another thread writes the buffer to standard error, so only that thread waits when nobody reads it.

use std::fs::File;
use std::io::{self, Write};
use std::mem;
use std::os::fd::AsFd as _;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::metrics::LOG_LINES_DROPPED;

/// Bytes that can wait while others are written: a tenth of a second of the densest log.
const CAPACITY: usize = 1 << 20;
/// The writer's pause after a write. Meanwhile lines gather, so that they share a wake-up and a write.
const GATHERING: Duration = Duration::from_millis(5);
/// The writer's pause after a failed write, as on a full disk.
const RETRY: Duration = Duration::from_millis(100);
/// How long the end of the process waits for standard error, in seconds.
const FLUSH_SECONDS: u8 = 1;

static WAITING: Mutex<Waiting> =
    Mutex::new(Waiting { lines: Vec::new(), dropped: 0, writer: Writer::Missing });
/// Wakes an idle writer.
static FILLED: Condvar = Condvar::new();
/// Tells that the writer is idle.
static WRITTEN: Condvar = Condvar::new();

/// The lines that wait for the writer.
struct Waiting {
    lines: Vec<u8>,
    /// The number of lines that did not fit since the writer took the last ones.
    dropped: u64,
    writer: Writer,
}

/// The state of the thread that writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// Not started.
    Missing,
    /// Everything is written; the next line wakes it.
    Idle,
    /// It will look for more lines by itself.
    Busy,
}

fn waiting() -> MutexGuard<'static, Waiting> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the writer, on a duplicate of standard error: the standard library holds a lock while it writes.
///
/// # Errors
///
/// The system refuses the duplicate or the thread.
pub(super) fn start_writer() -> io::Result<()> {
    let stderr = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let mut waiting = waiting();
    thread::Builder::new().name("log".to_owned()).spawn(move || write_forever(&stderr))?;
    waiting.lines.reserve_exact(CAPACITY);
    waiting.writer = Writer::Busy;
    Ok(())
}

/// Takes whole lines, one a call. It never waits, and drops what does not fit.
pub(super) struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        append(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn append(line: &[u8]) {
    let mut waiting = waiting();
    if waiting.lines.len() + line.len() > CAPACITY {
        waiting.dropped += 1;
        LOG_LINES_DROPPED.inc();
        return;
    }
    waiting.lines.extend_from_slice(line);
    if waiting.writer == Writer::Idle {
        waiting.writer = Writer::Busy;
        // It wakes without having to wait for the lock.
        drop(waiting);
        FILLED.notify_one();
    }
}

fn write_forever(stderr: &File) -> ! {
    let mut lines = Vec::with_capacity(CAPACITY);
    loop {
        let dropped = take(&mut lines);
        if dropped > 0 {
            // This line follows those that did fit.
            log::warn!("log lines dropped because standard error was full: {dropped}");
        }
        write(stderr, &lines);
        lines.clear();
        thread::sleep(GATHERING);
    }
}

/// Waits for lines and takes them all. Returns how many were dropped behind them.
fn take(lines: &mut Vec<u8>) -> u64 {
    let mut waiting = waiting();
    while waiting.lines.is_empty() {
        waiting.writer = Writer::Idle;
        WRITTEN.notify_all();
        waiting = FILLED.wait(waiting).unwrap_or_else(PoisonError::into_inner);
    }
    mem::swap(&mut waiting.lines, lines);
    mem::take(&mut waiting.dropped)
}

/// Writes all of it. After a failure it goes on where it stopped, so no line is torn.
fn write(mut stderr: &File, mut lines: &[u8]) {
    while !lines.is_empty() {
        match stderr.write(lines) {
            Ok(0) | Err(_) => thread::sleep(RETRY),
            Ok(written) => lines = &lines[written..],
        }
    }
}

/// Waits until everything is written, for a bounded time.
pub(super) fn flush() {
    let timeout = Duration::from_secs(FLUSH_SECONDS.into());
    let is_busy = |waiting: &mut Waiting| waiting.writer == Writer::Busy;
    drop(WRITTEN.wait_timeout_while(waiting(), timeout, is_busy));
}

/// Writes a line behind all others. Without a writer it writes the line itself, if standard error takes it
/// within a bounded time.
pub(super) fn print(line: &[u8]) {
    if waiting().writer != Writer::Missing {
        return append(line);
    }
    let mut stderr = io::stderr();
    let timeout = Timespec { tv_sec: FLUSH_SECONDS.into(), tv_nsec: 0 };
    let is_ready = poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&timeout));
    if is_ready.is_ok_and(|ready| ready > 0) {
        // Nobody may read it.
        drop(stderr.write_all(line));
    }
}
