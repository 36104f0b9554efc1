//! The room that creations have. They stop before the others have to: a view writes, too, and so does
//! what keeps the files clean.

use std::io;

use super::files::DatabaseFiles;
use super::layout;
use crate::store::Bounds;

/// Bytes that creations may still write in a transaction.
#[derive(Clone, Copy)]
pub(super) struct Quota {
    in_store: u64,
    on_disk: u64,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum Full {
    #[error("there would be more in the store than store.max_bytes")]
    Store,
    #[error("less than store.min_free_bytes would be left on the file system")]
    Disk,
}

/// What is left on the file system cannot be told.
#[derive(Debug, thiserror::Error)]
#[error("what is left on the file system cannot be told")]
pub(super) struct Unknown(#[source] io::Error);

impl Quota {
    /// What there is in a database of so many pages, so many of them free.
    pub(super) fn look(
        (all, free): (u32, u32),
        files: &DatabaseFiles,
        bounds: &Bounds,
    ) -> Result<Self, Unknown> {
        let Bounds { max_bytes, min_free_bytes } = *bounds;
        // The file never shrinks: what is free in it is used first.
        let (all, reusable) = (layout::bytes_of_pages(all), layout::bytes_of_pages(free));
        let used = all.saturating_sub(reusable) + files.log_bytes();
        let free = match min_free_bytes {
            0 => u64::MAX,
            _ => files.free_bytes().map_err(Unknown)?,
        };
        // The log is another file: half of what is to be left is out of its reach in any case.
        let on_disk = (free.saturating_add(reusable).saturating_sub(min_free_bytes))
            .min(free.saturating_sub(min_free_bytes / 2));
        Ok(Self { in_store: max_bytes.saturating_sub(used), on_disk })
    }

    /// This room without what a secret of so many sealed bytes takes, first in the log and then in
    /// the database.
    pub(super) fn without(self, sealed: usize) -> Result<Self, Full> {
        let bytes = 2 * layout::footprint(sealed);
        let in_store = self.in_store.checked_sub(bytes).ok_or(Full::Store)?;
        let on_disk = self.on_disk.checked_sub(bytes).ok_or(Full::Disk)?;
        Ok(Self { in_store, on_disk })
    }
}
