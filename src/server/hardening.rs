//! What the system may do with this process: it leaves no dump of its memory, and grants it as many open
//! files as it may have. Nothing here looks at what the process works with.

use std::io;

use rustix::fs::Mode;
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask,
};
use rustix::thread::{CapabilitySet, capabilities};

/// Nobody but the owner gets at what is made.
const UMASK: u32 = 0o077;

/// What could not be done to the process. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HardeningError {
    /// Core dumps cannot be turned off.
    #[error("core dumps cannot be turned off")]
    CoreDumps(#[source] io::Error),
    /// The limit of locked memory would be reached at some time, which ends a process.
    #[error(
        "server.lock_memory: expected no limit of locked memory (RLIMIT_MEMLOCK), or CAP_IPC_LOCK; \
         the limit is {0} bytes"
    )]
    LockLimit(u64),
    /// The memory cannot be locked.
    #[error("server.lock_memory: the memory cannot be locked")]
    Lock(#[source] io::Error),
}

/// Sees to it that no core dump holds what is in memory, that no other process of the same user reads
/// it, and that files are made for their owner alone. To be called before any secret is read.
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

/// Keeps all memory of this process, what it has and what it will have, out of the swap space.
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
    // Pages are locked as they come into use: stacks would take all they may otherwise.
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .map_err(|error| HardeningError::Lock(error.into()))
}

/// Raises the limit of open files to the most that this process may have; returns that, or nothing if
/// there is no limit.
pub(crate) fn raise_open_files() -> Option<u64> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if raised.is_ok() { maximum } else { getrlimit(Resource::Nofile).current }
}
