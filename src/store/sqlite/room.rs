//! The room that creations have. They stop before the others have to: a view writes, too, and so does
//! what keeps the files clean.

use std::io;
use std::sync::Arc;

use super::files::Files;
use super::layout;
use super::statements::{Fault, Work};
use crate::store::StoreError;

/// Bytes that creations may still write in a transaction.
#[derive(Clone, Copy)]
pub(super) struct Room {
    in_store: u64,
    on_disk: u64,
}

/// Why there is no room.
#[derive(Debug, thiserror::Error)]
pub(super) enum Full {
    #[error("the store has store.max_bytes")]
    Store,
    #[error("the file system has no more than store.min_free_bytes left")]
    Disk,
    #[error("what is left on the file system cannot be told")]
    Unknown(#[source] io::Error),
}

impl From<Full> for Fault {
    fn from(full: Full) -> Self {
        Self::Refused(StoreError::NoRoom(Arc::new(full)))
    }
}

impl Room {
    /// What there is.
    pub(super) fn look(work: &Work<'_>, files: &Files) -> Result<Self, Fault> {
        let bounds = work.rules.bounds;
        let used = || -> rusqlite::Result<u64> {
            let pages = |pragma| work.connection.pragma_query_value(None, pragma, |row| row.get(0));
            let (all, free): (u32, u32) = (pages("page_count")?, pages("freelist_count")?);
            Ok(layout::bytes_of_pages(all.saturating_sub(free).into()) + files.log_bytes())
        };
        Ok(Self {
            in_store: match bounds.max_bytes {
                u64::MAX => u64::MAX,
                max_bytes => max_bytes.saturating_sub(used()?),
            },
            on_disk: match bounds.min_free_bytes {
                0 => u64::MAX,
                least => files.free_bytes().map_err(Full::Unknown)?.saturating_sub(least),
            },
        })
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
