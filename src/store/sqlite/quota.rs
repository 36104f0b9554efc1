//! The quota of creations. It leaves space for other writes, because views, burns and erasing write to
//! the files, too.

use std::io;
use std::sync::Arc;

use super::files::DatabaseFiles;
use super::shreds::{OVERFLOW, PAGE};
use crate::store::{Bounds, StoreError};

/// Bytes of a secret besides the sealed ones: the part of a long row that lies in the tree, its slot, and
/// its rows in other tables.
const REST_BYTES: usize = 700;

/// Bytes that the trees and the slots take in the log in one transaction of small secrets.
const TREE_BYTES: u64 = 16 * PAGE as u64;

/// The bytes that creations may still write in a transaction.
#[derive(Clone, Copy)]
pub(super) struct Quota {
    in_store: u64,
    on_disk: u64,
}

/// Why a creation is refused.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum Full {
    #[error("the store would exceed store.max_bytes")]
    Store,
    #[error("less than store.min_free_bytes would stay free on the file system")]
    Disk,
    #[error("ended secrets have waited for half of store.erase_seconds to be erased")]
    Behind,
}

impl From<Full> for StoreError {
    fn from(full: Full) -> Self {
        match full {
            Full::Behind => Self::Busy,
            Full::Store | Full::Disk => Self::NoRoom(Arc::new(full)),
        }
    }
}

/// The file system does not report its free space.
#[derive(Debug, thiserror::Error)]
#[error("cannot read how much space is left on the file system")]
pub(super) struct Unknown(#[source] io::Error);

impl Quota {
    /// The quota that is left in a database with `all` pages, of which `free` are free.
    pub(super) fn read(
        (all, free): (u32, u32),
        files: &DatabaseFiles,
        bounds: &Bounds,
    ) -> Result<Self, Unknown> {
        let Bounds { max_bytes, min_free_bytes } = *bounds;
        // The file never shrinks, and SQLite reuses its free pages first.
        let (all, reusable) = (bytes_of_pages(all), bytes_of_pages(free));
        let used = all.saturating_sub(reusable) + files.log_bytes() + TREE_BYTES;
        let free = match min_free_bytes {
            0 => u64::MAX,
            _ => files.free_bytes().map_err(Unknown)?,
        };
        // The log cannot use pages that are free inside the database. So half of `min_free_bytes` stays
        // free on the file system, whatever is free in the database.
        let on_disk = (free.saturating_add(reusable).saturating_sub(min_free_bytes))
            .min(free.saturating_sub(min_free_bytes / 2));
        Ok(Self { in_store: max_bytes.saturating_sub(used), on_disk })
    }

    /// This quota minus the space for a secret with `sealed` bytes: once in the log and once in the
    /// database.
    pub(super) fn without(self, sealed: usize) -> Result<Self, Full> {
        let bytes = 2 * footprint(sealed);
        let in_store = self.in_store.checked_sub(bytes).ok_or(Full::Store)?;
        let on_disk = self.on_disk.checked_sub(bytes).ok_or(Full::Disk)?;
        Ok(Self { in_store, on_disk })
    }
}

/// The bytes of the pages that a secret with `sealed` bytes takes, if it shares none with others.
const fn footprint(sealed: usize) -> u64 {
    ((sealed + REST_BYTES).div_ceil(OVERFLOW) * PAGE) as u64
}

const fn bytes_of_pages(pages: u32) -> u64 {
    pages as u64 * PAGE as u64
}
