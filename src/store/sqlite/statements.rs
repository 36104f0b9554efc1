//! The messages as SQL. Each statement is a file under `sql/sqlite`, prepared once.

use actix::Message;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::layout;
use crate::clock::Timestamp;
use crate::key::KeyId;
use crate::secret::{Ciphertext, SealedSecret};
use crate::store::{Burn, Create, Peek, Peeked, Ping, Purged, StoreError, Take};
use crate::token::LookupId;

/// Secrets that one purge deletes at the most, so that no view waits long behind it.
const PURGE_SECRETS: u32 = 1_000;
/// Sealed bytes that it deletes, but for the last secret: each is overwritten, through the log.
const PURGE_BYTES: u32 = 1 << 20;

/// A message that is run as SQL inside a transaction, with others or alone.
pub(super) trait Statement:
    Message<Result = Result<Self::Outcome, StoreError>> + Send + 'static
{
    /// What the caller gets once the transaction has committed.
    type Outcome: Send + 'static;

    /// Runs it; an error other than of a constraint is the end of the transaction.
    fn run(&self, connection: &Connection, now: Timestamp) -> rusqlite::Result<Self::Outcome>;
}

impl Statement for Create {
    type Outcome = ();

    fn run(&self, connection: &Connection, _: Timestamp) -> rusqlite::Result<()> {
        let SealedSecret { lookup_id, key_id, version, flags, expires_at, ciphertext } =
            &self.sealed;
        let mut insert =
            connection.prepare_cached(include_str!("../../../sql/sqlite/create.sql"))?;
        insert.execute(params![
            lookup_id.as_bytes(),
            key_id.as_bytes(),
            version,
            flags,
            expires_at.as_millis(),
            layout::head(),
            ciphertext.as_bytes(),
            layout::tail(ciphertext.as_bytes().len()),
        ])?;
        Ok(())
    }
}

impl Statement for Take {
    type Outcome = Option<SealedSecret>;

    fn run(&self, connection: &Connection, now: Timestamp) -> rusqlite::Result<Self::Outcome> {
        let mut delete = connection.prepare_cached(include_str!("../../../sql/sqlite/take.sql"))?;
        first(&self.candidates, |id| {
            let key = params![id.as_bytes(), now.as_millis()];
            delete.query_row(key, |row| sealed_secret(id, row)).optional()
        })
    }
}

impl Statement for Peek {
    type Outcome = Option<Peeked>;

    fn run(&self, connection: &Connection, now: Timestamp) -> rusqlite::Result<Self::Outcome> {
        let mut select = connection.prepare_cached(include_str!("../../../sql/sqlite/peek.sql"))?;
        first(&self.candidates, |id| {
            let key = params![id.as_bytes(), now.as_millis()];
            let peeked = |row: &Row<'_>| {
                Ok(Peeked { expires_at: Timestamp::from_millis(row.get("expires_at")?) })
            };
            select.query_row(key, peeked).optional()
        })
    }
}

impl Statement for Burn {
    type Outcome = bool;

    fn run(&self, connection: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
        let mut delete = connection.prepare_cached(include_str!("../../../sql/sqlite/burn.sql"))?;
        let burnt = first(&self.candidates, |id| {
            let rows = delete.execute(params![id.as_bytes(), now.as_millis()])?;
            Ok((rows > 0).then_some(()))
        })?;
        Ok(burnt.is_some())
    }
}

impl Statement for Ping {
    type Outcome = ();

    fn run(&self, connection: &Connection, _: Timestamp) -> rusqlite::Result<()> {
        connection.pragma_query_value(None, "schema_version", |_row| Ok(()))
    }
}

/// Deletes some of the secrets that have expired.
pub(super) fn purge(connection: &Connection, now: Timestamp) -> rusqlite::Result<Purged> {
    let secrets = connection
        .prepare_cached(include_str!("../../../sql/sqlite/purge.sql"))?
        .execute(params![now.as_millis(), PURGE_SECRETS, PURGE_BYTES])?;
    let is_left: bool = connection
        .prepare_cached(include_str!("../../../sql/sqlite/purge_rest.sql"))?
        .query_row(params![now.as_millis()], |row| row.get("is_left"))?;
    Ok(Purged { secrets, is_complete: !is_left })
}

/// Writes the one row of the table that is there to be written.
pub(super) fn probe(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(include_str!("../../../sql/sqlite/probe.sql"))?
        .execute(params![now.as_millis()])?;
    Ok(())
}

/// Moves everything from the write-ahead log to the database file and cuts the log to nothing.
/// Returns whether that was possible.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(include_str!("../../../sql/sqlite/checkpoint.sql"))?
        .query_row([], |row| Ok(!row.get::<_, bool>("busy")?))
}

/// What `find` finds first among `candidates`.
fn first<T>(
    candidates: &[LookupId],
    find: impl FnMut(&LookupId) -> rusqlite::Result<Option<T>>,
) -> rusqlite::Result<Option<T>> {
    candidates.iter().map(find).find_map(Result::transpose).transpose()
}

/// What is not as it was written, as in a file that someone altered, does not open; but it does
/// not fail the batch either.
fn sealed_secret(lookup_id: &LookupId, row: &Row<'_>) -> rusqlite::Result<SealedSecret> {
    Ok(SealedSecret {
        lookup_id: *lookup_id,
        key_id: KeyId::from_bytes(row.get("key_id").unwrap_or_default()),
        version: row.get("version").unwrap_or_default(),
        flags: row.get("flags").unwrap_or_default(),
        expires_at: Timestamp::from_millis(row.get("expires_at")?),
        ciphertext: Ciphertext::from_bytes(row.get("sealed")?),
    })
}
