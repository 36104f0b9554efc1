//! A secret comes, and what is kept beside it.

use std::sync::Arc;

use rusqlite::params;

use super::{Fault, Statement, Work, bytes, first, sql, timestamp};
use crate::id::{CreationId, LookupId};
use crate::repeat::{Creation, NewCreation, Nonce};
use crate::secret::{NewSecret, SealedSecret};
use crate::store::sqlite::layout;
use crate::store::sqlite::place::places;
use crate::store::{CREATIONS_KEPT, Create, Created, State, StoreError};

impl Statement for Create {
    type Outcome = Created;

    fn run(&self, work: &mut Work<'_>) -> Result<Created, Fault> {
        let NewSecret { sealed, verifier, receipt_id, creation } = &self.secret;
        if let Some(creation) = creation
            && let Some(before) = first(&creation.candidates, |id| recall(work, id))?
        {
            return Ok(Created::Before(before));
        }
        work.take_room(sealed.ciphertext.as_bytes().len())?;
        let place = insert(work, sealed)?;
        work.tally.comes(place, sealed.expires_at);
        work.moved += sealed.ciphertext.as_bytes().len();
        let id = sealed.lookup_id.as_bytes();
        if let Some(verifier) = verifier {
            work.execute(sql!("guard"), params![id, verifier.as_bytes(), work.rules.attempts])?;
        }
        if let Some(receipt_id) = receipt_id {
            let (now, end) = (work.now.as_millis(), sealed.expires_at.as_millis());
            let values = params![receipt_id.as_bytes(), id, now, end, State::Pending.as_str()];
            work.execute(sql!("issue_receipt"), values)?;
        }
        if let Some(creation) = creation {
            remember(work, creation, sealed)?;
        }
        Ok(Created::Stored)
    }

    fn weight(&self, _work: &Work<'_>) -> rusqlite::Result<usize> {
        Ok(self.secret.sealed.ciphertext.as_bytes().len())
    }
}

/// No place is left for a secret, or it stands in one already.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no place is free for the secret")]
struct NoPlace;

/// Stores a secret in the first of its places that is free; returns that.
fn insert(work: &Work<'_>, sealed: &SealedSecret) -> Result<i64, Fault> {
    let SealedSecret { lookup_id, key_id, version, flags, expires_at, ciphertext } = sealed;
    debug_assert!(lookup_id.instant() <= *expires_at, "or no purge would find it in time");
    let Some(place) = free_place(work, lookup_id)? else {
        return Err(Fault::Refused(StoreError::Failed(Arc::new(NoPlace))));
    };
    let values = params![
        place,
        lookup_id.as_bytes(),
        key_id.as_bytes(),
        version,
        flags.as_byte(),
        expires_at.as_millis(),
        layout::head(),
        ciphertext.as_bytes(),
        layout::tail(ciphertext.as_bytes().len()),
    ];
    work.execute(sql!("create"), values)?;
    Ok(place)
}

/// The first free place of a secret, unless it stands in one.
fn free_place(work: &Work<'_>, id: &LookupId) -> rusqlite::Result<Option<i64>> {
    let (mut place, last) = places(id).into_inner();
    let mut select = work.connection.prepare_cached(sql!("neighbours"))?;
    let mut neighbours = select.query(params![place, last, id.as_bytes()])?;
    let mut free = None;
    while let Some(neighbour) = neighbours.next()? {
        if neighbour.get("is_same")? {
            return Ok(None);
        }
        if free.is_none() && neighbour.get::<_, i64>("id")? != place {
            free = Some(place);
        }
        place += 1;
    }
    Ok(free.or(Some(place)).filter(|place| *place <= last))
}

/// The creation of this id, as long as it is remembered.
fn recall(work: &Work<'_>, id: &CreationId) -> rusqlite::Result<Option<Creation>> {
    work.find(sql!("recall"), params![id.as_bytes(), work.now.as_millis()], |row| {
        Ok(Creation {
            id: *id,
            nonce: Nonce::from_bytes(bytes(row, "nonce")),
            lookup_id: LookupId::from_bytes(bytes(row, "lookup_id")),
            expires_at: timestamp(row, "expires_at")?,
        })
    })
}

/// Remembers a creation, in the place of one of the same id whose time is up.
fn remember(work: &Work<'_>, new: &NewCreation, sealed: &SealedSecret) -> rusqlite::Result<()> {
    let values = params![
        new.id.as_bytes(),
        new.nonce.as_bytes(),
        sealed.lookup_id.as_bytes(),
        sealed.expires_at.as_millis(),
        work.now.plus(CREATIONS_KEPT).as_millis(),
    ];
    work.execute(sql!("remember"), values).map(drop)
}
