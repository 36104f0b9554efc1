//! Hardens the process: no core dumps, memory kept out of swap, private files, and the highest limit of
//! open files. No function here reads a secret.

use std::io;

use rustix::fs::Mode;
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask,
};
use rustix::thread::{CapabilitySet, capabilities};

/// New files are accessible to their owner alone.
const UMASK: u32 = 0o077;

/// A hardening step that failed. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HardeningError {
    /// Core dumps cannot be turned off.
    #[error("core dumps cannot be turned off")]
    CoreDumps(#[source] io::Error),
    /// Locked memory is limited: reaching the limit later would end the process.
    #[error(
        "server.lock_memory: expected no limit of locked memory (RLIMIT_MEMLOCK), or CAP_IPC_LOCK; \
         the limit is {0} bytes"
    )]
    LockLimit(u64),
    /// The memory cannot be locked.
    #[error("server.lock_memory: the memory cannot be locked")]
    Lock(#[source] io::Error),
}

/// Turns off core dumps, keeps other processes of the same user from reading the memory, and makes new
/// files accessible to their owner alone. Call it before any secret is read.
///
/// # Errors
///
/// [`HardeningError::CoreDumps`].
pub(crate) fn harden() -> Result<(), HardeningError> {
    umask(Mode::from_raw_mode(UMASK));
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(|error| HardeningError::CoreDumps(error.into()))
}

/// Keeps all present and future memory of this process out of swap.
///
/// # Errors
///
/// [`HardeningError::LockLimit`] and [`HardeningError::Lock`].
pub(crate) fn lock_memory() -> Result<(), HardeningError> {
    let is_unlimited =
        capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK));
    if let Some(bytes) = getrlimit(Resource::Memlock).current
        && !is_unlimited
    {
        return Err(HardeningError::LockLimit(bytes));
    }
    // ONFAULT locks a page at its first use. Without it, the whole reserved stack of every thread would
    // be taken and locked at once.
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .map_err(|error| HardeningError::Lock(error.into()))
}

/// Raises the limit of open files to the highest that this process may set. Returns the limit, or `None`
/// if it is unlimited.
pub(crate) fn raise_open_files() -> Option<u64> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if raised.is_ok() { maximum } else { getrlimit(Resource::Nofile).current }
}
