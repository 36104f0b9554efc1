//! A fault injector between a server and its disk and clock: a library that is loaded before the C
//! library (`LD_PRELOAD`) and overrides the functions with which SQLite accesses its files. It records
//! each change that no sync has made durable yet, so that a test can simulate a power cut, and makes
//! calls fail as its control file says. All other calls and files pass through unchanged.
//!
//! `tests/support/fault_injection.rs` is the test's side.
#![expect(unsafe_code, reason = "the library overrides functions of the C library")]
#![expect(clippy::expect_used, reason = "an injector that cannot keep its records ends the server")]

mod control;
mod file;
#[expect(dead_code, reason = "only the test reads records")]
mod format;
mod real;

use std::ffi::{CStr, c_char, c_int, c_void};

use control::Control;
use file::Concerned;
use format::{Kind, calls};
use libc::{clockid_t, off64_t, pthread_attr_t, pthread_t, size_t, ssize_t, timespec};

/// # Safety
///
/// As `pwrite`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(
    descriptor: c_int,
    bytes: *const c_void,
    count: size_t,
    offset: off64_t,
) -> ssize_t {
    let Some(file) = Concerned::of(descriptor) else {
        // SAFETY: passes on the caller's arguments.
        return unsafe { real::pwrite()(descriptor, bytes, count, offset) };
    };
    let control = Control::get();
    control.note_writer();
    let error = control.fails(calls::WRITE, file.kind());
    let count = match error {
        None => count,
        Some(_) if control.is_torn() => count / 2,
        Some(error) => return fail(error),
    };
    file.keep_before(Kind::Write, offset.unsigned_abs(), offset.unsigned_abs() + count as u64);
    // SAFETY: passes on the caller's buffer, or the first bytes of it.
    let written = unsafe { real::pwrite()(descriptor, bytes, count, offset) };
    error.map_or(written, fail)
}

/// # Safety
///
/// As `pread`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pread64(
    descriptor: c_int,
    bytes: *mut c_void,
    count: size_t,
    offset: off64_t,
) -> ssize_t {
    let file = Concerned::of(descriptor);
    match file.and_then(|file| Control::get().fails(calls::READ, file.kind())) {
        Some(error) => fail(error),
        // SAFETY: passes on the caller's arguments.
        None => unsafe { real::pread()(descriptor, bytes, count, offset) },
    }
}

/// # Safety
///
/// As `ftruncate`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(descriptor: c_int, size: off64_t) -> c_int {
    if let Some(file) = Concerned::of(descriptor) {
        if let Some(error) = Control::get().fails(calls::TRUNCATE, file.kind()) {
            return fail(error);
        }
        file.keep_before(Kind::Truncate, size.unsigned_abs(), size.unsigned_abs());
    }
    // SAFETY: passes on the caller's arguments.
    unsafe { real::ftruncate()(descriptor, size) }
}

/// # Safety
///
/// As `fdatasync`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    sync(descriptor, real::fdatasync())
}

/// # Safety
///
/// As `fsync`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(descriptor: c_int) -> c_int {
    sync(descriptor, real::fsync())
}

fn sync(descriptor: c_int, real: real::Sync) -> c_int {
    let Some(file) = Concerned::of(descriptor) else {
        // SAFETY: passes on the caller's argument.
        return unsafe { real(descriptor) };
    };
    if let Some(error) = Control::get().fails(calls::SYNC, file.kind()) {
        file.note_failed_sync();
        return fail(error);
    }
    if Control::get().ignores_syncs() {
        return 0;
    }
    // SAFETY: passes on the caller's argument.
    let outcome = unsafe { real(descriptor) };
    if outcome == 0 {
        file.forget();
    }
    outcome
}

/// # Safety
///
/// As `unlink`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: passes on the caller's argument.
    let outcome = unsafe { real::unlink()(path) };
    if outcome == 0 {
        // SAFETY: the path is valid, or the call would have failed.
        file::forget_removed(unsafe { CStr::from_ptr(path) });
    }
    outcome
}

/// # Safety
///
/// As `clock_gettime`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    // SAFETY: passes on the caller's arguments.
    let outcome = unsafe { real::clock_gettime()(clock, time) };
    if outcome != 0 || clock != libc::CLOCK_REALTIME {
        return outcome;
    }
    let control = Control::get();
    if control.fails_clock() {
        return fail(libc::EINVAL);
    }
    // SAFETY: the C library has just written the time.
    control.move_clock(unsafe { &mut *time });
    outcome
}

/// # Safety
///
/// As `pthread_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: real::Start,
    argument: *mut c_void,
) -> c_int {
    if Control::get().starts_no_threads() {
        return libc::EAGAIN;
    }
    // SAFETY: passes on the caller's arguments.
    unsafe { real::pthread_create()(thread, attributes, start, argument) }
}

/// Sets `errno` and returns -1.
fn fail<T: From<i8>>(error: c_int) -> T {
    // SAFETY: `errno` belongs to this thread.
    unsafe { *libc::__errno_location() = error };
    T::from(-1)
}
