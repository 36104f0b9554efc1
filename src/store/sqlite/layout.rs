//! Pads the rows of `secrets` and `claims` so that the sealed bytes lie on overflow pages alone. SQLite
//! never moves overflow pages and zeroes freed ones, but rows in the tree leave copies when they move.
//!
//! SQLite keeps the first [`LOCAL`] bytes of a row that is too long for a tree page in the tree, and
//! chains the others on overflow pages. If the bytes for the last overflow page fit into the tree page with
//! the others, SQLite keeps them there, too (<https://sqlite.org/fileformat2.html#b_tree_pages>). So zeros
//! before the sealed bytes fill the [`LOCAL`] bytes, and zeros after them fill the last overflow page. The
//! zeros are counted for the shortest header and columns. If these take n bytes more, SQLite keeps n more
//! bytes in the tree, so the sealed bytes still begin on an overflow page.

/// Bytes of a page, as set in `open.sql`.
const PAGE: usize = 1_024;
/// Bytes of a long row that SQLite keeps in the tree.
const LOCAL: usize = (PAGE - 12) * 32 / 255 - 23;
/// Bytes of a row on an overflow page, which also holds the number of the next one.
const OVERFLOW: usize = PAGE - 4;
/// The minimum length of a row's header and its columns before `head` in `secrets`: 12 bytes of header
/// (one for the row id), 16 for `lookup_id`, 4 for `key_id`, and none for numbers that are 0 or 1. In
/// `claims` it is more.
const MIN_BEFORE_HEAD: usize = 32;

/// The bytes of this number of pages.
pub(super) const fn bytes_of_pages(pages: u32) -> u64 {
    pages as u64 * PAGE as u64
}

/// The bytes of the pages that a row with `sealed` bytes takes, with its share of the tree and its rows
/// in other tables.
pub(super) const fn footprint(sealed: usize) -> u64 {
    (sealed.div_ceil(OVERFLOW) as u64 + 1) * PAGE as u64
}

static ZEROS: [u8; OVERFLOW] = [0; OVERFLOW];

/// The padding before the sealed bytes.
pub(super) fn head() -> &'static [u8] {
    &ZEROS[..LOCAL - MIN_BEFORE_HEAD]
}

/// The padding after `sealed` bytes.
pub(super) fn tail(sealed: usize) -> &'static [u8] {
    &ZEROS[..sealed.next_multiple_of(OVERFLOW) - sealed]
}
