//! The traces of secrets in the files of a store that runs in another process.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use viewonce::domain::clock::Timestamp;
use viewonce::domain::secret::SHRED_KEY_BYTES;

use super::service::End;

/// Half of a shred key.
const PIECE: usize = SHRED_KEY_BYTES / 2;

/// A stored secret: its shred key, and when it has ended.
pub(super) struct Trace {
    pub(super) end: End,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) token: String,
    pub(super) content: String,
    pub(super) shred_key: [u8; SHRED_KEY_BYTES],
}

/// The numbers of those of `traces` of which a file in this folder contains half of the shred key.
pub(super) fn found(traces: &[Trace], folder: &Path) -> BTreeSet<usize> {
    let numbered = traces.iter().enumerate();
    let pieces: HashMap<&[u8], usize> = numbered
        .flat_map(|(number, trace)| trace.shred_key.chunks(PIECE).map(move |half| (half, number)))
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
