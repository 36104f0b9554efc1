//! A [`Transaction`] on SQLite, and how the commands run in it. Each statement is a file under
//! `sql/sqlite` and is prepared once.

mod create;
mod purge;
mod receipt;
mod take;

use prometheus::Histogram;
use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Params, Row, TransactionBehavior, params,
};

use super::files::DatabaseFiles;
use super::quota::{Full, Quota};
use super::shreds::Shreds;
use super::tally::Tally;
use crate::domain::clock::{ClockReading, Timestamp};
use crate::domain::id::{KeyId, LookupId, ReceiptId};
use crate::domain::secret::{Flags, SealedSecret, ShredKey};
use crate::store::{Command, Place, Rules, State, StoreError, Survey, Surveyed};

/// Sealed bytes after which a transaction defers large secrets.
const DEFER_AFTER_BYTES: usize = 1 << 18;
/// The most sealed bytes of a secret that is never deferred.
const SMALL_BYTES: usize = 4_096;
/// The secrets that one survey or count reads.
const SURVEY_SECRETS: u32 = 1_000;

/// The statement in the file of this name in `sql/sqlite`.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/sqlite/", $name, ".sql"))
    };
}
pub(super) use sql;

/// An open transaction, or a read outside of one.
pub(super) struct Transaction<'a> {
    connection: &'a Connection,
    files: &'a DatabaseFiles,
    rules: &'a Rules,
    now: Timestamp,
    settled: Timestamp,
    /// The receipts whose secrets ended in this transaction.
    pub(super) ended: Vec<ReceiptId>,
    shreds: Shreds<'a>,
    /// The sealed bytes written, read or deleted so far.
    moved: usize,
    /// Whether large secrets may be deferred to the next transaction.
    pub(super) may_defer: bool,
    /// Whether ended secrets have waited for too long to be erased.
    pub(super) is_behind: bool,
    /// The quota that is left for creations, read by the first one.
    quota: Option<Quota>,
    /// Why a creation was refused, if one was.
    pub(super) full: Option<Full>,
    /// The changes for the metrics.
    pub(super) tally: Tally,
}

impl<'a> Transaction<'a> {
    /// A transaction that has done nothing yet.
    pub(super) const fn new(
        connection: &'a Connection,
        files: &'a DatabaseFiles,
        rules: &'a Rules,
        ClockReading { now, settled }: ClockReading,
        tally: Tally,
    ) -> Self {
        Self {
            connection,
            files,
            rules,
            now,
            settled,
            ended: Vec::new(),
            shreds: Shreds::new(connection),
            moved: 0,
            may_defer: false,
            is_behind: false,
            quota: None,
            full: None,
            tally,
        }
    }

    /// Runs a command, or defers it if it is about a large secret and enough bytes were moved: small
    /// secrets do not wait for many large ones. An error ends the transaction.
    pub(super) fn run(&mut self, command: &mut Command) -> rusqlite::Result<()> {
        let defers_large = self.may_defer && self.moved >= DEFER_AFTER_BYTES;
        if defers_large && self.weight(command)? > SMALL_BYTES {
            return Ok(());
        }
        match command {
            Command::Create(create, reply) => reply.hold(self.create(create)?),
            Command::Take(take, reply) => reply.hold(Ok(self.take(take)?)),
            Command::Peek(peek, reply) => reply.hold(Ok(self.peek(peek)?)),
            Command::Burn(burn, reply) => reply.hold(Ok(self.burn(burn)?)),
            Command::Acknowledge(end, reply) => reply.hold(Ok(self.acknowledge(end)?)),
            Command::Inspect(inspect, reply) => reply.hold(Ok(self.inspect(inspect)?)),
            Command::Revoke(revoke, reply) => reply.hold(Ok(self.revoke(revoke)?)),
            Command::Survey(survey, reply) => reply.hold(Ok(self.survey(survey)?)),
            Command::Count(_, reply) => reply.hold(Ok(self.count()?)),
            // The actor answers these itself.
            Command::Watch(..) | Command::Purge(..) | Command::Ping(..) | Command::Close(..) => {}
        }
        Ok(())
    }

    /// The sealed bytes of the secret that a command will write or delete.
    fn weight(&self, command: &Command) -> rusqlite::Result<usize> {
        match command {
            Command::Create(create, _) => Ok(create.secret.ciphertext.len()),
            Command::Take(take, _) => self.weigh(&take.candidates),
            Command::Burn(burn, _) => self.weigh(&burn.0),
            Command::Revoke(revoke, _) => match self.find_receipt(&revoke.0)? {
                Some(receipt) => self.weigh(&[receipt.lookup_id]),
                None => Ok(0),
            },
            _ => Ok(0),
        }
    }

    /// Runs a statement; returns the number of rows changed.
    fn execute(&self, sql: &str, values: impl Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(values)
    }

    /// Runs statements that change rows with verifiers or wrapped keys: pages that become free are
    /// overwritten with zeros. Elsewhere they are not, see `open.sql`.
    fn erasing<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.connection.pragma_update(None, "secure_delete", "ON")?;
        let outcome = work(self);
        self.connection.pragma_update(None, "secure_delete", "FAST")?;
        outcome
    }

    /// Runs a statement; returns its first row, if it has one.
    fn find<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.connection.prepare_cached(sql)?.query_row(values, read).optional()
    }

    /// Deletes the guard of a secret that has just been deleted, and records its end in its receipt.
    fn end(&mut self, lookup_id: &LookupId, flags: Flags, state: State) -> rusqlite::Result<()> {
        self.unguard(lookup_id, flags)?;
        if flags.has(Flags::RECEIPT) {
            let values = params![lookup_id.as_bytes(), state.as_str(), self.now.as_millis()];
            let id = |row: &Row<'_>| Ok(ReceiptId::from_bytes(bytes(row, "receipt_id")));
            self.ended.extend(self.find(sql!("end_receipt"), values, id)?);
        }
        Ok(())
    }

    /// Deletes the guard, which holds the verifier, of a secret that has just been deleted.
    fn unguard(&mut self, lookup_id: &LookupId, flags: Flags) -> rusqlite::Result<()> {
        if flags.has(Flags::PASSPHRASE) {
            self.erasing(|it| it.execute(sql!("unguard"), [lookup_id.as_bytes()]))?;
        }
        Ok(())
    }

    /// Deletes the claim of a secret that was kept for redelivery.
    fn unclaim(&mut self, place: i64) -> rusqlite::Result<()> {
        self.erasing(|it| it.execute(sql!("end_claim"), [place])).map(drop)
    }

    fn survey(&self, survey: &Survey) -> rusqlite::Result<Surveyed> {
        let after = survey.after.map_or(i64::MIN, |Place(id)| id);
        let mut select = self.connection.prepare_cached(sql!("survey"))?;
        let mut rows = select.query(params![after, SURVEY_SECRETS])?;
        let (mut seen, mut unknown_keys, mut last) = (0, 0, after);
        while let Some(row) = rows.next()? {
            let is_known = survey.known.contains(&key_id(row));
            let is_expired = row.get::<_, i64>("expires_at")? <= self.now.as_millis();
            let is_living = !is_expired && !row.get::<_, bool>("is_viewed")?;
            unknown_keys += u64::from(is_living && !is_known);
            seen += 1;
            last = row.get("id")?;
        }
        let next = (seen == SURVEY_SECRETS).then_some(Place(last));
        Ok(Surveyed { unknown_keys, next })
    }

    /// Counts the next portion of secrets. Returns whether it was the last.
    fn count(&mut self) -> rusqlite::Result<bool> {
        let values = params![self.tally.counted_to(), SURVEY_SECRETS];
        let portion = self.find(sql!("count"), values, |row| {
            let (rows, last) = (row.get::<_, u32>("rows")?, row.get::<_, Option<i64>>("last")?);
            Ok((row.get("living")?, last.filter(|_| rows == SURVEY_SECRETS)))
        })?;
        let (living, last) = portion.unwrap_or_default();
        self.tally.count(living, last);
        Ok(last.is_none())
    }

    /// Reads from the database, to see whether that works.
    pub(super) fn probe_read(&self) -> rusqlite::Result<()> {
        self.connection.pragma_query_value(None, "schema_version", |_row| Ok(()))
    }

    /// The number of pages of the database, and the number of free pages among them.
    pub(super) fn pages(&self) -> rusqlite::Result<(u32, u32)> {
        let count = |sql| self.find(sql, [], |row| row.get(0)).map(Option::unwrap_or_default);
        Ok((count(sql!("page_count"))?, count(sql!("freelist_count"))?))
    }
}

/// Runs `work` between BEGIN and a COMMIT that succeeds. `times` observes the duration of the COMMIT.
pub(super) fn commit<T>(
    connection: &mut Connection,
    times: &Histogram,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let outcome = work(&transaction).map_err(failed)?;
    let committed = times.observe_closure_duration(|| transaction.commit());
    committed.map_err(|error| match failed(error) {
        StoreError::Failed(cause) => StoreError::OutcomeUnknown(cause),
        no_room => no_room,
    })?;
    Ok(outcome)
}

/// The error of a statement or COMMIT that did nothing. A COMMIT that finds the disk full did nothing: a
/// transaction in the log counts only once its last page is written, and that page did not fit.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::NoRoom(std::sync::Arc::new(error)),
        _ => StoreError::Failed(std::sync::Arc::new(error)),
    }
}

/// Writes the single row of the table `probe`.
pub(super) fn probe(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection.prepare_cached(sql!("probe"))?.execute(params![now.as_millis()])?;
    Ok(())
}

/// Moves everything from the write-ahead log to the database file and truncates the log. Returns whether
/// that was possible.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(sql!("checkpoint"))?
        .query_row([], |row| Ok(!row.get::<_, bool>("busy")?))
}

/// The first result of `find` among `candidates`.
fn first<Id, T>(
    candidates: &[Id],
    find: impl FnMut(&Id) -> rusqlite::Result<Option<T>>,
) -> rusqlite::Result<Option<T>> {
    candidates.iter().map(find).find_map(Result::transpose).transpose()
}

/// The secret in this row, still without its shred key.
fn sealed_secret(lookup_id: &LookupId, row: &Row<'_>) -> rusqlite::Result<SealedSecret> {
    Ok(SealedSecret {
        lookup_id: *lookup_id,
        key_id: key_id(row),
        version: row.get("version").unwrap_or_default(),
        flags: flags(row),
        expires_at: timestamp(row, "expires_at")?,
        shred_key: ShredKey::default(),
        ciphertext: row.get("sealed")?,
    })
}

/// The slot of a secret's shred key. A corrupt one becomes a number that no slot has.
fn slot(row: &Row<'_>) -> i64 {
    row.get("slot").unwrap_or(-1)
}

/// Reads a blob of a fixed length. A corrupt one becomes zeros, which match nothing.
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
