//! Taking, redelivering, peeking at and burning secrets.

use rusqlite::{Row, params};

use super::{Transaction, bytes, first, flags, key_id, sealed_secret, sql, timestamp};
use crate::domain::clock::Timestamp;
use crate::domain::id::{ID_BYTES, KeyId, LookupId, RedeliveryId};
use crate::domain::passphrase::WrappedKey;
use crate::domain::secret::SealedSecret;
use crate::store::sqlite::layout;
use crate::store::sqlite::place::places;
use crate::store::{Acknowledge, Burn, Peek, Peeked, Proof, State, Take, Taken};

impl Transaction<'_> {
    pub(super) fn take(&mut self, take: &Take) -> rusqlite::Result<Taken> {
        let Take { candidates, redelivery_ids, proof } = take;
        if let Some(again) = first(redelivery_ids, |id| self.redelivered(id))? {
            return Ok(again);
        }
        let taken = first(candidates, |id| match self.delete(id, proof.as_ref())? {
            Some(secret) => self.deliver(take, secret).map(Some),
            None => self.refuse(id, proof.as_ref()),
        })?;
        Ok(taken.unwrap_or(Taken::Nothing))
    }

    /// Returns a secret that was just deleted; keeps it for redelivery if the caller sent a key.
    fn deliver(&mut self, take: &Take, secret: SealedSecret) -> rusqlite::Result<Taken> {
        self.moved += secret.ciphertext.len();
        self.end(&secret.lookup_id, secret.flags, State::Viewed)?;
        // The steady clock, so that a jump of the wall clock does not change how long it is kept.
        let ends_at = self.settled.plus(self.rules.redelivery).min(secret.expires_at);
        if let Some(id) = take.redelivery_ids.first()
            && ends_at > self.settled
        {
            let wrapped_key = take.proof.as_ref().and_then(|proof| proof.wrapped_key.as_ref());
            self.keep_for_redelivery(id, ends_at, wrapped_key, &secret)?;
            self.tally.falls_due(ends_at);
            self.moved += secret.ciphertext.len();
        }
        Ok(Taken::Secret(secret))
    }

    pub(super) fn acknowledge(&mut self, end: &Acknowledge) -> rusqlite::Result<bool> {
        let ended = first(&end.0, |id| {
            Ok((self.execute(sql!("acknowledge"), self.kept(id))? > 0).then_some(()))
        })?;
        Ok(ended.is_some())
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

    /// The sealed bytes of the living secret that has one of these ids.
    pub(super) fn weigh(&self, candidates: &[LookupId]) -> rusqlite::Result<usize> {
        let found =
            first(candidates, |id| self.find(sql!("weigh"), self.living(id), sealed_bytes))?;
        Ok(found.unwrap_or_default())
    }

    /// Deletes the living secret with this id, with its guard; or else the copy kept for redelivery.
    /// Returns whether it was living.
    pub(super) fn destroy(&mut self, id: &LookupId, state: State) -> rusqlite::Result<bool> {
        let burned = self.find(sql!("burn"), self.living(id), |row| {
            Ok((row.get("id")?, flags(row), sealed_bytes(row)?))
        })?;
        if let Some((place, flags, bytes)) = burned {
            self.tally.remove(place, state);
            self.moved += bytes;
            self.end(id, flags, state)?;
            return Ok(true);
        }
        self.execute(sql!("end_claim"), [id.as_bytes()])?;
        Ok(false)
    }

    /// The parameters that find the living secret with this id: first and last place, id, and time.
    fn living<'id>(&self, id: &'id LookupId) -> (i64, i64, &'id [u8; ID_BYTES], i64) {
        let (first, last) = places(id).into_inner();
        (first, last, id.as_bytes(), self.now.as_millis())
    }

    /// Deletes the living secret with this id, if it has no passphrase or the proof is right.
    fn delete(
        &mut self,
        id: &LookupId,
        proof: Option<&Proof>,
    ) -> rusqlite::Result<Option<SealedSecret>> {
        let verifier = proof.map(|proof| proof.verifier.as_bytes());
        let (first, last, id_bytes, now) = self.living(id);
        let key = params![first, last, id_bytes, now, verifier];
        let taken =
            self.find(sql!("take"), key, |row| Ok((row.get("id")?, sealed_secret(id, row)?)))?;
        Ok(taken.map(|(place, secret)| {
            self.tally.remove(place, State::Viewed);
            secret
        }))
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
            let passphrase_required = flags(row).has_passphrase();
            Ok((key_id(row), Peeked { expires_at, passphrase_required }))
        })
    }

    /// Keeps a secret for redelivery, as it was sealed.
    fn keep_for_redelivery(
        &self,
        id: &RedeliveryId,
        ends_at: Timestamp,
        wrapped_key: Option<&WrappedKey>,
        secret: &SealedSecret,
    ) -> rusqlite::Result<()> {
        let SealedSecret { lookup_id, key_id, version, flags, expires_at, ciphertext } = secret;
        let values = params![
            id.as_bytes(),
            lookup_id.as_bytes(),
            ends_at.as_millis(),
            wrapped_key.map(|WrappedKey(wrapped)| wrapped),
            key_id.as_bytes(),
            version,
            flags.as_byte(),
            expires_at.as_millis(),
            layout::head(),
            ciphertext,
            layout::tail(ciphertext.len()),
        ];
        self.execute(sql!("claim"), values).map(drop)
    }

    /// The secret that is kept for redelivery under this id.
    fn redelivered(&self, id: &RedeliveryId) -> rusqlite::Result<Option<Taken>> {
        self.find(sql!("claimed"), self.kept(id), |row| {
            let lookup_id = LookupId::from_bytes(bytes(row, "lookup_id"));
            let wrapped_key: Option<Vec<u8>> = row.get("wrapped_key")?;
            let secret = sealed_secret(&lookup_id, row)?;
            Ok(Taken::Again { secret, wrapped_key: wrapped_key.map(WrappedKey) })
        })
    }

    /// The parameters that find a copy kept for redelivery: its id, and the instants after which it must
    /// still be valid.
    fn kept<'id>(&self, id: &'id RedeliveryId) -> (&'id [u8; ID_BYTES], i64, i64) {
        (id.as_bytes(), self.settled.as_millis(), self.now.as_millis())
    }
}

fn sealed_bytes(row: &Row<'_>) -> rusqlite::Result<usize> {
    Ok(row.get::<_, u32>("bytes")? as usize)
}
