//! The shred keys: 32 bytes for each secret, in slots of buckets, apart from the sealed bytes. To erase a
//! secret, its slot is overwritten with zeros.
//!
//! SQLite keeps the first [`LOCAL`] bytes of a row that is too long for a page of the tree in the tree,
//! and the others on overflow pages (<https://sqlite.org/fileformat2.html#b_tree_pages>). It moves rows
//! between pages of the tree, which leaves copies, but it never moves an overflow page. So a bucket has
//! zeros before its slots, which fill the part in the tree.
//!
//! No image of a bucket is kept between two transactions, and none is ever written: it could bring back
//! a key that was overwritten meanwhile.

use std::time::Duration;

use rusqlite::blob::Blob;
use rusqlite::{Connection, Error, MAIN_DB, ffi, params};

use super::transaction::sql;
use crate::domain::secret::{SHRED_KEY_BYTES, ShredKey};

/// Bytes of a page, as set in `open.sql`.
pub(super) const PAGE: usize = 4_096;
/// Bytes of a row on an overflow page, which also holds the number of the next one.
pub(super) const OVERFLOW: usize = PAGE - 4;
/// Bytes of a long row that SQLite keeps in the tree.
const LOCAL: usize = (PAGE - 12) * 32 / 255 - 23;
/// Slots of a bucket: as many as one overflow page holds.
const SLOTS: usize = OVERFLOW / SHRED_KEY_BYTES;
/// Bytes of all slots of a bucket.
const KEYS: usize = SLOTS * SHRED_KEY_BYTES;
/// Bytes of the header of a bucket's row: its own length, one for the row id, and two for the length of
/// each blob.
const HEADER: usize = 6;
/// Zeros before the slots of a bucket.
const HEAD: usize = LOCAL + OVERFLOW - HEADER - KEYS;
/// A slot's number is its bucket's number, shifted left by this many bits, plus its index in the bucket.
const INDEX_BITS: u32 = 7;
/// A bucket's number is its class, shifted left by this many bits, plus a running number.
const CLASS_BITS: u32 = 38;
/// The longest lifetimes of all classes but the last. A bucket lives as long as its last secret, so
/// secrets that end at about the same time share one.
const CLASSES: [Duration; 3] =
    [Duration::from_hours(1), Duration::from_hours(24), Duration::from_hours(7 * 24)];

/// The slots as one transaction accesses them. Must be dropped before COMMIT, which fails while a blob is
/// open.
pub(super) struct Shreds<'a> {
    connection: &'a Connection,
    /// The bucket that was accessed last, and its number.
    blob: Option<(i64, Blob<'a>)>,
    /// The bucket that each class fills.
    open: [Option<OpenBucket>; CLASSES.len() + 1],
}

/// The last bucket of a class.
struct OpenBucket {
    number: i64,
    /// A bit for each slot that was free when the transaction first used the bucket, and that it has not
    /// filled since.
    free: u128,
}

impl<'a> Shreds<'a> {
    pub(super) const fn new(connection: &'a Connection) -> Self {
        Self { connection, blob: None, open: [const { None }; CLASSES.len() + 1] }
    }

    /// Writes `key` to a free slot for a secret that lives so long. Returns the slot's number.
    pub(super) fn fill(&mut self, key: &ShredKey, lifetime: Duration) -> rusqlite::Result<i64> {
        let class = CLASSES.partition_point(|longest| *longest < lifetime);
        let OpenBucket { number, free } = match self.open[class].take() {
            Some(open) => open,
            None => self.last_bucket(class)?,
        };
        let (number, free) = match free {
            0 => (self.add_bucket(number + 1)?, ALL_FREE),
            free => (number, free),
        };
        let index = free.trailing_zeros();
        self.open[class] = Some(OpenBucket { number, free: free & !(1 << index) });
        let slot = number << INDEX_BITS | i64::from(index);
        let (blob, offset) = self.access(slot)?.ok_or(Error::QueryReturnedNoRows)?;
        blob.write_at(key.expose_bytes(), offset)?;
        Ok(slot)
    }

    /// Reads the key in this slot. A slot that does not exist, in a corrupt row, has a key of zeros, which
    /// opens nothing.
    pub(super) fn read(&mut self, slot: i64) -> rusqlite::Result<ShredKey> {
        let Some((blob, offset)) = self.access(slot)? else { return Ok(ShredKey::default()) };
        let mut key = [0; SHRED_KEY_BYTES];
        blob.read_at_exact(&mut key, offset)?;
        Ok(ShredKey::from_bytes(key))
    }

    /// Reads the key in this slot and overwrites it with zeros. Deletes its bucket if that was the last
    /// key, unless its class still fills the bucket.
    pub(super) fn empty(&mut self, slot: i64) -> rusqlite::Result<ShredKey> {
        let Some((blob, offset)) = self.access(slot)? else { return Ok(ShredKey::default()) };
        let mut keys = [0; KEYS];
        blob.read_at_exact(&mut keys, 0)?;
        let mut key = [0; SHRED_KEY_BYTES];
        key.swap_with_slice(&mut keys[offset..offset + SHRED_KEY_BYTES]);
        blob.write_at(&[0; SHRED_KEY_BYTES], offset)?;
        let bucket = slot >> INDEX_BITS;
        if keys == [0; KEYS] && self.find_last(bucket >> CLASS_BITS)? != Some(bucket) {
            self.blob = None;
            self.connection.prepare_cached(sql!("drop_bucket"))?.execute([bucket])?;
        }
        Ok(ShredKey::from_bytes(key))
    }

    /// The bucket that `class` fills, with its free slots. Without one, a full one before the first.
    fn last_bucket(&mut self, class: usize) -> rusqlite::Result<OpenBucket> {
        let class = class.cast_signed() as i64;
        let Some(number) = self.find_last(class)? else {
            return Ok(OpenBucket { number: class << CLASS_BITS, free: 0 });
        };
        let mut keys = [0; KEYS];
        let (blob, _offset) =
            self.access(number << INDEX_BITS)?.ok_or(Error::QueryReturnedNoRows)?;
        blob.read_at_exact(&mut keys, 0)?;
        let (slots, _rest) = keys.as_chunks::<SHRED_KEY_BYTES>();
        let free = slots
            .iter()
            .rev()
            .fold(0, |free, slot| free << 1 | u128::from(*slot == [0; SHRED_KEY_BYTES]));
        Ok(OpenBucket { number, free })
    }

    /// The number of the last bucket of `class`.
    fn find_last(&self, class: i64) -> rusqlite::Result<Option<i64>> {
        let range = (class << CLASS_BITS, ((class + 1) << CLASS_BITS) - 1);
        self.connection.prepare_cached(sql!("open_bucket"))?.query_row(range, |row| row.get(0))
    }

    fn add_bucket(&self, number: i64) -> rusqlite::Result<i64> {
        let values = params![number, [0_u8; HEAD], [0_u8; KEYS]];
        self.connection.prepare_cached(sql!("add_bucket"))?.execute(values)?;
        Ok(number)
    }

    /// The bucket of a slot, and the slot's offset in it; `None` if there is no such slot.
    fn access(&mut self, slot: i64) -> rusqlite::Result<Option<(&mut Blob<'a>, usize)>> {
        let (bucket, index) = (slot >> INDEX_BITS, slot & ((1 << INDEX_BITS) - 1));
        if self.blob.as_ref().is_none_or(|(number, _blob)| *number != bucket) {
            let opened = if let Some((_before, mut blob)) = self.blob.take() {
                blob.reopen(bucket).map(|()| blob)
            } else {
                self.connection.blob_open(MAIN_DB, "shreds", "keys", bucket, false)
            };
            self.blob = existing(opened)?.map(|blob| (bucket, blob));
        }
        let offset = usize::try_from(index).unwrap_or(SLOTS) * SHRED_KEY_BYTES;
        let blob = self.blob.as_mut().filter(|_blob| offset < KEYS);
        Ok(blob.map(|(_number, blob)| (blob, offset)))
    }
}

/// The value of `free` for an empty bucket.
const ALL_FREE: u128 = (1 << SLOTS) - 1;

/// The result of opening a row of a blob; `None` if there is no such row.
fn existing<T>(opened: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    match opened {
        Err(Error::SqliteFailure(ffi::Error { extended_code: ffi::SQLITE_ERROR, .. }, _)) => {
            Ok(None)
        }
        opened => opened.map(Some),
    }
}
