//! Taking, redelivering, peeking at and burning secrets.

use rusqlite::{Row, params};

use super::{Transaction, bytes, first, flags, key_id, sealed_secret, slot, sql, timestamp};
use crate::domain::clock::Timestamp;
use crate::domain::id::{ID_BYTES, KeyId, LookupId, RedeliveryId};
use crate::domain::passphrase::WrappedKey;
use crate::domain::secret::{Flags, SealedSecret};
use crate::store::sqlite::place::places;
use crate::store::{Acknowledge, Burn, Peek, Peeked, Proof, State, Take, Taken};

impl Transaction<'_> {
    pub(super) fn take(&mut self, take: &Take) -> rusqlite::Result<Taken> {
        let taken = first(&take.candidates, |id| {
            if let Some(secret) = self.view(id, take)? {
                return Ok(Some(Taken::Secret(secret)));
            }
            match self.claimed(id, &take.redelivery_ids)? {
                Some(place) => self.repeat(id, place),
                None => self.refuse(id, take.proof.as_ref()),
            }
        })?;
        Ok(taken.unwrap_or(Taken::Nothing))
    }

    /// Ends the living secret with this id, if it has no passphrase or the proof is right. Deletes it, or
    /// keeps it for redelivery if the caller sent a key.
    fn view(&mut self, id: &LookupId, take: &Take) -> rusqlite::Result<Option<SealedSecret>> {
        let verifier = take.proof.as_ref().map(|proof| proof.verifier.as_bytes());
        let redelivery_id =
            take.redelivery_ids.first().filter(|_id| !self.rules.redelivery.is_zero());
        let sql = if redelivery_id.is_some() { sql!("view") } else { sql!("take") };
        let (first, last, id_bytes, now) = self.living(id);
        let viewed = self.find(sql, params![first, last, id_bytes, now, verifier], |row| {
            Ok((row.get("id")?, slot(row), sealed_secret(id, row)?))
        })?;
        let Some((place, slot, mut secret)) = viewed else { return Ok(None) };
        secret.shred_key = match redelivery_id {
            Some(redelivery_id) => {
                let wrapped_key = take.proof.as_ref().and_then(|proof| proof.wrapped_key.as_ref());
                self.claim(place, redelivery_id, secret.expires_at, wrapped_key)?;
                self.shreds.read(slot)?
            }
            None => self.shreds.empty(slot)?,
        };
        self.moved += secret.ciphertext.len();
        self.tally.remove(place, State::Viewed);
        self.end(id, secret.flags, State::Viewed)?;
        Ok(Some(secret))
    }

    /// Notes that a secret that was just viewed is kept for redelivery.
    fn claim(
        &mut self,
        place: i64,
        id: &RedeliveryId,
        expires_at: Timestamp,
        wrapped_key: Option<&WrappedKey>,
    ) -> rusqlite::Result<()> {
        // The steady clock, so that a jump of the wall clock does not change how long it is kept.
        let ends_at = self.settled.plus(self.rules.redelivery).min(expires_at);
        let wrapped_key = wrapped_key.map(|WrappedKey(wrapped)| wrapped);
        let values = params![place, id.as_bytes(), ends_at.as_millis(), wrapped_key];
        self.erasing(|it| it.execute(sql!("claim"), values))?;
        self.tally.falls_due(ends_at);
        Ok(())
    }

    /// The place of the secret with this id, if it is kept for redelivery under one of these ids.
    fn claimed(&self, id: &LookupId, ids: &[RedeliveryId]) -> rusqlite::Result<Option<i64>> {
        if ids.is_empty() {
            return Ok(None);
        }
        let (first, last, id, now) = self.living(id);
        let values = params![first, last, id, now, self.settled.as_millis()];
        let claimed = self.find(sql!("claimed"), values, |row| {
            Ok((row.get("id")?, RedeliveryId::from_bytes(bytes(row, "claim_id"))))
        })?;
        Ok(claimed.filter(|(_place, id)| ids.contains(id)).map(|(place, _id)| place))
    }

    /// Returns a secret that is kept for redelivery at this place.
    fn repeat(&mut self, id: &LookupId, place: i64) -> rusqlite::Result<Option<Taken>> {
        let kept = self.find(sql!("repeat"), [place], |row| {
            let wrapped_key: Option<Vec<u8>> = row.get("wrapped_key")?;
            Ok((slot(row), sealed_secret(id, row)?, wrapped_key.map(WrappedKey)))
        })?;
        let Some((slot, mut secret, wrapped_key)) = kept else { return Ok(None) };
        secret.shred_key = self.shreds.read(slot)?;
        self.moved += secret.ciphertext.len();
        Ok(Some(Taken::Again { secret, wrapped_key }))
    }

    pub(super) fn acknowledge(&mut self, end: &Acknowledge) -> rusqlite::Result<bool> {
        let ended = first(&end.candidates, |id| {
            let Some(place) = self.claimed(id, &end.redelivery_ids)? else { return Ok(None) };
            self.end_repeat(place).map(Some)
        })?;
        Ok(ended.is_some())
    }

    /// Deletes a secret that was kept for redelivery at this place, if there is one.
    fn end_repeat(&mut self, place: i64) -> rusqlite::Result<()> {
        self.unclaim(place)?;
        self.forget(place)
    }

    /// Deletes the viewed secret at this place, with its shred key.
    pub(super) fn forget(&mut self, place: i64) -> rusqlite::Result<()> {
        if let Some(slot) = self.find(sql!("delete"), [place], |row| Ok(slot(row)))? {
            self.shreds.empty(slot)?;
        }
        Ok(())
    }

    pub(super) fn peek(&self, peek: &Peek) -> rusqlite::Result<Option<Peeked>> {
        Ok(first(&peek.0, |id| self.see(id))?.map(|(_key_id, peeked)| peeked))
    }

    pub(super) fn burn(&mut self, burn: &Burn) -> rusqlite::Result<bool> {
        let burned = first(&burn.0, |id| {
            let is_burned = self.destroy(id, State::Burned)?;
            Ok(is_burned.then_some(()))
        })?;
        Ok(burned.is_some())
    }

    /// The sealed bytes of the secret that has one of these ids, also of one kept for redelivery.
    pub(super) fn weigh(&self, candidates: &[LookupId]) -> rusqlite::Result<usize> {
        let found =
            first(candidates, |id| self.find(sql!("weigh"), self.living(id), sealed_bytes))?;
        Ok(found.unwrap_or_default())
    }

    /// Deletes the secret with this id, with its guard; also one that is kept for redelivery. Returns
    /// whether it was living.
    pub(super) fn destroy(&mut self, id: &LookupId, state: State) -> rusqlite::Result<bool> {
        let burned = self.find(sql!("burn"), self.living(id), |row| {
            Ok((row.get("id")?, flags(row), row.get("is_viewed")?, slot(row), sealed_bytes(row)?))
        })?;
        let Some((place, flags, is_viewed, slot, bytes)) = burned else { return Ok(false) };
        self.shreds.empty(slot)?;
        self.moved += bytes;
        if is_viewed {
            self.unclaim(place)?;
            return Ok(false);
        }
        self.tally.remove(place, state);
        self.end(id, flags, state)?;
        Ok(true)
    }

    /// The parameters that find the living secret with this id: first and last place, id, and time.
    fn living<'id>(&self, id: &'id LookupId) -> (i64, i64, &'id [u8; ID_BYTES], i64) {
        let (first, last) = places(id).into_inner();
        (first, last, id.as_bytes(), self.now.as_millis())
    }

    /// The answer for a secret that was not deleted: it does not exist, or has a passphrase. A wrong
    /// passphrase uses up one attempt.
    fn refuse(&mut self, id: &LookupId, proof: Option<&Proof>) -> rusqlite::Result<Option<Taken>> {
        let Some((key_id, _peeked)) = self.see(id)? else { return Ok(None) };
        if proof.is_none() {
            return Ok(Some(Taken::PassphraseRequired { key_id }));
        }
        let left =
            self.find(sql!("fail_attempt"), [id.as_bytes()], |row| row.get("attempts_left"))?;
        let attempts_left = left.unwrap_or_default();
        if attempts_left == 0 {
            self.destroy(id, State::Locked)?;
        }
        Ok(Some(Taken::WrongPassphrase { attempts_left }))
    }

    /// The public facts of a living secret, and the secret key that it is sealed under.
    fn see(&self, id: &LookupId) -> rusqlite::Result<Option<(KeyId, Peeked)>> {
        self.find(sql!("peek"), self.living(id), |row| {
            let expires_at = timestamp(row, "expires_at")?;
            let passphrase_required = flags(row).has(Flags::PASSPHRASE);
            Ok((key_id(row), Peeked { expires_at, passphrase_required }))
        })
    }
}

fn sealed_bytes(row: &Row<'_>) -> rusqlite::Result<usize> {
    Ok(row.get::<_, u32>("bytes")? as usize)
}
