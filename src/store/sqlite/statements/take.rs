//! A secret is taken, or what is kept of it; is looked at; is burned.

use rusqlite::{Row, params};

use super::{Fault, Statement, Work, bytes, first, flags, key_id, sealed_secret, sql, timestamp};
use crate::clock::Timestamp;
use crate::id::{ClaimId, ID_BYTES, LookupId};
use crate::key::KeyId;
use crate::passphrase::WrappedKey;
use crate::secret::{Ciphertext, Flags, SealedSecret};
use crate::store::sqlite::layout;
use crate::store::sqlite::place::places;
use crate::store::{Acknowledge, Burn, Peek, Peeked, Proof, State, Take, Taken};

impl Statement for Take {
    type Outcome = Taken;

    fn run(&self, work: &mut Work<'_>) -> Result<Taken, Fault> {
        if let Some(again) = first(&self.claims, |id| claimed(work, id))? {
            return Ok(again);
        }
        let taken = first(&self.candidates, |id| match delete(work, id, self.proof.as_ref())? {
            Some(sealed) => self.hand_over(work, sealed).map(Some),
            None => refuse(work, id, self.proof.as_ref()),
        })?;
        Ok(taken.unwrap_or(Taken::Nothing))
    }

    fn weight(&self, work: &Work<'_>) -> rusqlite::Result<usize> {
        weight(work, &self.candidates)
    }
}

impl Take {
    /// What a secret that was deleted leaves behind.
    fn hand_over(&self, work: &mut Work<'_>, sealed: SealedSecret) -> rusqlite::Result<Taken> {
        work.moved += sealed.ciphertext.as_bytes().len();
        work.end(&sealed.lookup_id, sealed.flags, State::Viewed)?;
        // For how long it is kept does not depend on a wall clock that jumps.
        let ends_at = work.settled.plus(work.rules.redelivery).min(sealed.expires_at);
        if let Some(id) = self.claims.first()
            && ends_at > work.settled
        {
            let wrapped_key = self.proof.as_ref().and_then(|proof| proof.wrapped_key.as_ref());
            claim(work, id, ends_at, wrapped_key, &sealed)?;
            work.tally.falls_due(ends_at);
            work.moved += sealed.ciphertext.as_bytes().len();
        }
        Ok(Taken::Secret(sealed))
    }
}

impl Statement for Acknowledge {
    type Outcome = bool;

    fn run(&self, work: &mut Work<'_>) -> Result<bool, Fault> {
        let ended = first(&self.claims, |id| {
            Ok((work.execute(sql!("acknowledge"), kept(work, id))? > 0).then_some(()))
        })?;
        Ok(ended.is_some())
    }
}

impl Statement for Peek {
    type Outcome = Option<Peeked>;

    fn run(&self, work: &mut Work<'_>) -> Result<Self::Outcome, Fault> {
        let seen = first(&self.candidates, |id| look(work, id))?;
        Ok(seen.map(|Seen { flags, expires_at, .. }| Peeked {
            expires_at,
            passphrase_required: flags.has_passphrase(),
        }))
    }
}

impl Statement for Burn {
    type Outcome = bool;

    fn run(&self, work: &mut Work<'_>) -> Result<bool, Fault> {
        let burned = first(&self.candidates, |id| {
            let is_burned = destroy(work, id, State::Burned)?;
            Ok(is_burned.then_some(()))
        })?;
        Ok(burned.is_some())
    }

    fn weight(&self, work: &Work<'_>) -> rusqlite::Result<usize> {
        weight(work, &self.candidates)
    }
}

fn sealed_bytes(row: &Row<'_>) -> rusqlite::Result<usize> {
    Ok(row.get::<_, u32>("bytes")? as usize)
}

/// The sealed bytes of the living secret that has one of these ids.
pub(super) fn weight(work: &Work<'_>, candidates: &[LookupId]) -> rusqlite::Result<usize> {
    let found = first(candidates, |id| work.find(sql!("weigh"), living(work, id), sealed_bytes))?;
    Ok(found.unwrap_or_default())
}

/// Deletes the living secret of this id, and what is beside it; or else what is kept of it for a
/// repeat. Returns whether it was living.
pub(super) fn destroy(work: &mut Work<'_>, id: &LookupId, state: State) -> rusqlite::Result<bool> {
    let burned = work.find(sql!("burn"), living(work, id), |row| {
        Ok((row.get("id")?, flags(row), sealed_bytes(row)?))
    })?;
    if let Some((place, flags, bytes)) = burned {
        work.tally.goes(place, state);
        work.moved += bytes;
        work.end(id, flags, state)?;
        return Ok(true);
    }
    work.execute(sql!("end_claim"), [id.as_bytes()])?;
    Ok(false)
}

/// What finds the living secret of this id: its first and its last place, the id, and the time.
fn living<'a>(work: &Work<'_>, id: &'a LookupId) -> (i64, i64, &'a [u8; ID_BYTES], i64) {
    let (first, last) = places(id).into_inner();
    (first, last, id.as_bytes(), work.now.as_millis())
}

/// Deletes the living secret of this id, if it has no passphrase or the proof is right.
fn delete(
    work: &mut Work<'_>,
    id: &LookupId,
    proof: Option<&Proof>,
) -> rusqlite::Result<Option<SealedSecret>> {
    let verifier = proof.map(|proof| proof.verifier.as_bytes());
    let (first, last, id_bytes, now) = living(work, id);
    let key = params![first, last, id_bytes, now, verifier];
    let taken =
        work.find(sql!("take"), key, |row| Ok((row.get("id")?, sealed_secret(id, row)?)))?;
    Ok(taken.map(|(place, sealed)| {
        work.tally.goes(place, State::Viewed);
        sealed
    }))
}

/// What is said of a secret that was not deleted: one that is not there, or has a passphrase, of
/// which one attempt is used up if there was one.
fn refuse(
    work: &mut Work<'_>,
    id: &LookupId,
    proof: Option<&Proof>,
) -> rusqlite::Result<Option<Taken>> {
    let Some(Seen { key_id, .. }) = look(work, id)? else { return Ok(None) };
    if proof.is_none() {
        return Ok(Some(Taken::PassphraseRequired { key_id }));
    }
    let left = work.find(sql!("fail_attempt"), [id.as_bytes()], |row| row.get("attempts_left"))?;
    let attempts_left = left.unwrap_or_default();
    if attempts_left == 0 {
        destroy(work, id, State::Locked)?;
    }
    Ok(Some(Taken::WrongPassphrase { attempts_left }))
}

/// What can be seen of a secret that stays.
struct Seen {
    key_id: KeyId,
    flags: Flags,
    expires_at: Timestamp,
}

fn look(work: &Work<'_>, id: &LookupId) -> rusqlite::Result<Option<Seen>> {
    work.find(sql!("peek"), living(work, id), |row| {
        Ok(Seen {
            key_id: key_id(row),
            flags: flags(row),
            expires_at: timestamp(row, "expires_at")?,
        })
    })
}

/// Keeps a secret for a repeat, sealed as it was.
fn claim(
    work: &Work<'_>,
    id: &ClaimId,
    ends_at: Timestamp,
    wrapped_key: Option<&WrappedKey>,
    sealed: &SealedSecret,
) -> rusqlite::Result<()> {
    let SealedSecret { lookup_id, key_id, version, flags, expires_at, ciphertext } = sealed;
    let values = params![
        id.as_bytes(),
        lookup_id.as_bytes(),
        ends_at.as_millis(),
        wrapped_key.map(|WrappedKey(wrapped)| wrapped.as_bytes()),
        key_id.as_bytes(),
        version,
        flags.as_byte(),
        expires_at.as_millis(),
        layout::head(),
        ciphertext.as_bytes(),
        layout::tail(ciphertext.as_bytes().len()),
    ];
    work.execute(sql!("claim"), values).map(drop)
}

/// What is kept under this id for a repeat.
fn claimed(work: &Work<'_>, id: &ClaimId) -> rusqlite::Result<Option<Taken>> {
    let again = |row: &Row<'_>| {
        let lookup_id = LookupId::from_bytes(bytes(row, "lookup_id"));
        let wrapped_key: Option<Vec<u8>> = row.get("wrapped_key")?;
        Ok(Taken::Again {
            sealed: sealed_secret(&lookup_id, row)?,
            wrapped_key: wrapped_key.map(Ciphertext::from_bytes).map(WrappedKey),
        })
    };
    work.find(sql!("claimed"), kept(work, id), again)
}

/// What finds what is kept under this id: the id, and by which times it must not have ended.
fn kept<'a>(work: &Work<'_>, id: &'a ClaimId) -> (&'a [u8; ID_BYTES], i64, i64) {
    (id.as_bytes(), work.settled.as_millis(), work.now.as_millis())
}
