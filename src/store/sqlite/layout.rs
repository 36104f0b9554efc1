//! The length of a row of `secrets` or `claims`, by which its sealed bytes lie on overflow pages
//! alone: those are never moved, and zeroed when they are freed, while rows in the tree leave copies
//! behind when they are moved.
//!
//! Of a row that does not fit into a page of the tree, SQLite keeps the first [`LOCAL`] bytes there
//! and chains the others on overflow pages; what would fill only a little of the last of these
//! stays in the tree, too (<https://sqlite.org/fileformat2.html#b_tree_pages>). So there are zeros
//! before the sealed bytes, up to [`LOCAL`], and after them, up to the end of an overflow page. Where
//! a row's header or a number in it takes more than the least, just so many bytes more stay in the
//! tree, and just so many stand before the sealed bytes.

/// Bytes of a page, as in `open.sql`.
const PAGE: usize = 1_024;
/// Bytes of a long row that are kept in the tree.
const LOCAL: usize = (PAGE - 12) * 32 / 255 - 23;
/// Bytes of a row that an overflow page holds beside the number of the next.
const OVERFLOW: usize = PAGE - 4;
/// The least that a row's header and its columns before `head` take, in `secrets`: 12 bytes, of
/// which the row's own id takes one, and 16 and 4 for `lookup_id` and `key_id`, where all numbers are 0
/// or 1. In `claims` it is more.
const LEAST_BEFORE_HEAD: usize = 32;

/// Bytes of so many pages.
pub(super) const fn bytes_of_pages(pages: u32) -> u64 {
    pages as u64 * PAGE as u64
}

/// Bytes of the pages that a row with so many `sealed` bytes takes, with what is beside it in the tree
/// and in other tables.
pub(super) const fn footprint(sealed: usize) -> u64 {
    (sealed.div_ceil(OVERFLOW) as u64 + 1) * PAGE as u64
}

static ZEROS: [u8; OVERFLOW] = [0; OVERFLOW];

/// What stands before the sealed bytes.
pub(super) fn head() -> &'static [u8] {
    &ZEROS[..LOCAL - LEAST_BEFORE_HEAD]
}

/// What stands after `sealed` bytes.
pub(super) fn tail(sealed: usize) -> &'static [u8] {
    &ZEROS[..sealed.next_multiple_of(OVERFLOW) - sealed]
}
