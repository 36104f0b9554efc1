//! The messages as SQL. Each statement is a file under `sql/sqlite`, prepared once.

mod create;
mod purge;
mod receipt;
mod take;

use std::sync::Arc;

use actix::Message;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use super::files::Files;
use super::room::{Full, Room};
use super::tally::{NOWHERE, Tally};
use crate::clock::{Look, Timestamp};
use crate::id::{LookupId, ReceiptId};
use crate::key::KeyId;
use crate::secret::{Ciphertext, Flags, SealedSecret};
use crate::store::{Place, Rules, State, StoreError, Survey, Surveyed};
pub(super) use purge::purge;
pub(super) use receipt::pending;

/// Sealed bytes after which a transaction is laden.
const LADEN_BYTES: usize = 1 << 18;
/// The most sealed bytes of a secret that a laden transaction still takes on.
pub(super) const LIGHT_BYTES: usize = 4_096;
/// Secrets that one survey looks at.
const SURVEY_SECRETS: u32 = 1_000;

/// The statement in this file of `sql/sqlite`.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/sqlite/", $name, ".sql"))
    };
}
use sql;

/// A message that is run as SQL inside a transaction, with others or alone.
pub(super) trait Statement:
    Message<Result = Result<Self::Outcome, StoreError>> + Send + 'static
{
    /// What the caller gets once the transaction has committed.
    type Outcome: Send + 'static;

    /// Runs it.
    fn run(&self, work: &mut Work<'_>) -> Result<Self::Outcome, Fault>;

    /// The sealed bytes of the secret that it will write or erase, if it is to wait where these are
    /// many.
    fn weight(&self, _work: &Work<'_>) -> rusqlite::Result<usize> {
        Ok(0)
    }
}

/// Why a statement has no outcome.
pub(super) enum Fault {
    /// It was not done, and did nothing; the others go on.
    Refused(StoreError),
    /// It is the end of the transaction.
    Broken(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(error)
    }
}

/// A transaction under way, or a look between two of them.
pub(super) struct Work<'a> {
    pub(super) connection: &'a Connection,
    pub(super) files: &'a Files,
    pub(super) rules: &'a Rules,
    pub(super) now: Timestamp,
    pub(super) settled: Timestamp,
    /// The receipts whose secrets have ended in it.
    pub(super) ended: Vec<ReceiptId>,
    /// Sealed bytes of the secrets that it has written or erased; of what is kept for repeats, what
    /// it has written.
    pub(super) moved: usize,
    /// Whether large secrets may wait for the next one.
    pub(super) may_put_off: bool,
    /// What creations may still write in it, if one has asked.
    room: Option<Room>,
    /// Why there was no room for one.
    pub(super) full: Option<Full>,
    /// What it does to the secrets.
    pub(super) tally: Tally,
}

impl<'a> Work<'a> {
    /// Work that has done nothing yet.
    pub(super) const fn new(
        connection: &'a Connection,
        files: &'a Files,
        rules: &'a Rules,
        Look { now, settled }: Look,
    ) -> Self {
        Self {
            connection,
            files,
            rules,
            now,
            settled,
            ended: Vec::new(),
            moved: 0,
            may_put_off: false,
            room: None,
            full: None,
            tally: Tally::new(NOWHERE),
        }
    }

    /// Takes the room that a secret of so many `sealed` bytes needs, if there is so much.
    fn take_room(&mut self, sealed: usize) -> Result<(), Fault> {
        let room = match self.room {
            Some(room) => room,
            None => Room::look(self, self.files)?,
        };
        match room.without(sealed) {
            Ok(rest) => self.room = Some(rest),
            Err(full) => {
                self.full = Some(full);
                self.tally.refused += 1;
                return Err(Fault::Refused(StoreError::NoRoom(Arc::new(full))));
            }
        }
        Ok(())
    }

    /// Whether it has moved so much that other large secrets have to wait for the next one, so that
    /// small ones do not wait for all of them.
    pub(super) const fn is_laden(&self) -> bool {
        self.may_put_off && self.moved >= LADEN_BYTES
    }

    /// Runs a statement; returns how many rows it changed.
    fn execute(&self, sql: &str, values: impl Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(values)
    }

    /// Runs a statement, to its end; returns its first row, if there is one.
    fn find<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.connection.prepare_cached(sql)?.query_row(values, read).optional()
    }

    /// Deletes what is kept beside a secret that has just been deleted, and has its receipt say how
    /// it ended.
    fn end(&mut self, lookup_id: &LookupId, flags: Flags, state: State) -> rusqlite::Result<()> {
        self.unguard(lookup_id, flags)?;
        if flags.has_receipt() {
            let values = params![lookup_id.as_bytes(), state.as_str(), self.now.as_millis()];
            let id = |row: &Row<'_>| Ok(ReceiptId::from_bytes(bytes(row, "receipt_id")));
            self.ended.extend(self.find(sql!("end_receipt"), values, id)?);
        }
        Ok(())
    }

    /// Deletes what the passphrase of a secret that has just been deleted was checked by.
    fn unguard(&self, lookup_id: &LookupId, flags: Flags) -> rusqlite::Result<()> {
        if flags.has_passphrase() {
            self.execute(sql!("unguard"), [lookup_id.as_bytes()])?;
        }
        Ok(())
    }
}

impl Statement for Survey {
    type Outcome = Surveyed;

    fn run(&self, work: &mut Work<'_>) -> Result<Surveyed, Fault> {
        let mut select = work.connection.prepare_cached(sql!("survey"))?;
        let after = self.after.map_or(i64::MIN, |Place(id)| id);
        let mut rows = select.query(params![after, SURVEY_SECRETS])?;
        let (mut seen, mut strangers, mut last) = (0, 0, after);
        while let Some(row) = rows.next()? {
            let is_known = self.known.contains(&key_id(row));
            let is_living = row.get::<_, i64>("expires_at")? > work.now.as_millis();
            strangers += u64::from(is_living && !is_known);
            seen += 1;
            last = row.get("id")?;
        }
        let last = (seen == SURVEY_SECRETS).then_some(last);
        work.tally.survey(after, seen, last);
        Ok(Surveyed { strangers, next: last.map(Place) })
    }
}

/// Reads something.
pub(super) fn look(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_query_value(None, "schema_version", |_row| Ok(()))
}

/// Writes the one row of the table that is there to be written.
pub(super) fn probe(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection.prepare_cached(sql!("probe"))?.execute(params![now.as_millis()])?;
    Ok(())
}

/// How many pages the database has, and how many of these are free.
pub(super) fn pages(work: &Work<'_>) -> rusqlite::Result<(u32, u32)> {
    let count = |sql| work.find(sql, [], |row| row.get(0)).map(Option::unwrap_or_default);
    Ok((count(sql!("page_count"))?, count(sql!("freelist_count"))?))
}

/// Moves everything from the write-ahead log to the database file and cuts the log to nothing.
/// Returns whether that was possible.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(sql!("checkpoint"))?
        .query_row([], |row| Ok(!row.get::<_, bool>("busy")?))
}

/// What `find` finds first among `candidates`.
fn first<Id, T>(
    candidates: &[Id],
    find: impl FnMut(&Id) -> rusqlite::Result<Option<T>>,
) -> rusqlite::Result<Option<T>> {
    candidates.iter().map(find).find_map(Result::transpose).transpose()
}

fn sealed_secret(lookup_id: &LookupId, row: &Row<'_>) -> rusqlite::Result<SealedSecret> {
    Ok(SealedSecret {
        lookup_id: *lookup_id,
        key_id: key_id(row),
        version: row.get("version").unwrap_or_default(),
        flags: flags(row),
        expires_at: timestamp(row, "expires_at")?,
        ciphertext: Ciphertext::from_bytes(row.get("sealed")?),
    })
}

/// Bytes of a fixed length. What is not as it was written, as in a file that someone altered, is not
/// found or does not open; but it does not fail the batch.
fn bytes<const N: usize>(row: &Row<'_>, column: &str) -> [u8; N] {
    row.get(column).unwrap_or([0; N])
}

fn key_id(row: &Row<'_>) -> KeyId {
    KeyId::from_bytes(bytes(row, "key_id"))
}

fn flags(row: &Row<'_>) -> Flags {
    Flags::from_byte(row.get("flags").unwrap_or_default())
}

fn timestamp(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}
