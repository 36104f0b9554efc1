//! The traces of secrets in the files of a store that runs in another process.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use viewonce::domain::clock::Timestamp;

use super::service::End;

/// Bytes of a piece to search for, and how many pieces of each page to search for.
const PIECE: usize = 16;
const PIECES: usize = 4;
/// Sealed bytes on a page.
const PAGE: usize = 1_020;

/// A stored secret: the bytes that represent it in the store, and when it has ended.
pub(super) struct Trace {
    pub(super) end: End,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) token: String,
    pub(super) content: String,
    pub(super) sealed: Vec<u8>,
}

impl Trace {
    /// Some pieces of it, none of which occurs in another secret.
    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let pages = self.sealed.chunks(PAGE);
        pages.flat_map(|page| page.chunks_exact(PIECE).step_by(2).take(PIECES))
    }
}

/// The numbers of those of `traces` of which a file in this folder contains a piece.
pub(super) fn found(traces: &[Trace], folder: &Path) -> BTreeSet<usize> {
    let numbered = traces.iter().enumerate();
    let pieces: HashMap<&[u8], usize> = numbered
        .flat_map(|(number, trace)| trace.pieces().map(move |piece| (piece, number)))
        .collect();
    let mut beginnings = vec![false; 1 << 16];
    for piece in pieces.keys() {
        beginnings[beginning(piece)] = true;
    }
    let mut found = BTreeSet::new();
    for file in files(folder) {
        let windows = fs::read(file).unwrap();
        let windows = windows.windows(PIECE).filter(|window| beginnings[beginning(window)]);
        found.extend(windows.filter_map(|window| pieces.get(window)));
    }
    found
}

fn beginning(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// The files in this folder, the write-ahead log first: a page that is checkpointed meanwhile is still
/// found in at least one of them.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort_by_key(|path| !path.as_os_str().to_string_lossy().ends_with("-wal"));
    files
}
