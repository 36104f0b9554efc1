//! The shred keys in the files of a running server. A secret is erased when its shred key is.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use viewonce::domain::secret::SHRED_KEY_BYTES;

use crate::replaced_files::file;

/// The parts of a database: its file and its log.
const PARTS: [&str; 2] = ["", "-wal"];

/// A shred key.
pub(crate) type Key = [u8; SHRED_KEY_BYTES];

/// The keys of all secrets that have not ended. Reads copies of the files, so that the server keeps its
/// locks; fails if the server wrote to them meanwhile.
pub(crate) fn shred_keys(folder: &Path) -> rusqlite::Result<Vec<Key>> {
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("copy");
    for part in PARTS {
        let to = format!("{}{part}", copy.display());
        fs::copy(file(folder, part), to).unwrap();
    }
    let connection = Connection::open(copy)?;
    let mut select = connection.prepare("SELECT keys FROM shreds")?;
    let buckets = select.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    let buckets = buckets.collect::<rusqlite::Result<Vec<_>>>()?;
    let keys = buckets.iter().flat_map(|keys| keys.as_chunks::<SHRED_KEY_BYTES>().0);
    Ok(keys.copied().filter(|key| *key != [0; SHRED_KEY_BYTES]).collect())
}

/// Whether a file holds one of these keys. The log is read first: bytes moved to the database meanwhile
/// are then found in at least one of the two.
pub(crate) fn are_in_files(keys: &[Key], folder: &Path) -> bool {
    PARTS.iter().rev().any(|part| {
        let bytes = fs::read(file(folder, part)).unwrap();
        bytes.windows(SHRED_KEY_BYTES).any(|window| keys.iter().any(|key| key == window))
    })
}
