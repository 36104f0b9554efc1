//! Storing a secret, with its guard, its receipt and its creation.

use std::sync::Arc;

use rusqlite::params;

use super::{Transaction, bytes, first, sql, timestamp};
use crate::domain::id::{CreationId, LookupId, Nonce};
use crate::domain::idempotency_key::{Creation, NewCreation};
use crate::domain::secret::SealedSecret;
use crate::store::sqlite::place::places;
use crate::store::sqlite::quota::{Full, Quota};
use crate::store::{CREATIONS_KEPT, Create, Created, State, StoreError};

/// All places of a secret are taken, or it is already stored.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no place is free for the secret")]
struct NoPlace;

impl Transaction<'_> {
    /// Stores a secret. A refusal does not fail the rest of the transaction.
    pub(super) fn create(
        &mut self,
        create: &Create,
    ) -> rusqlite::Result<Result<Created, StoreError>> {
        let Create { secret, verifier, receipt_id, creation } = create;
        if let Some(creation) = creation
            && let Some(before) = first(&creation.candidates, |id| self.recall(id))?
        {
            return Ok(Ok(Created::Before(before)));
        }
        if let Err(refused) = self.take_quota(secret.ciphertext.len())? {
            return Ok(Err(refused));
        }
        let Some(place) = self.free_place(&secret.lookup_id)? else {
            return Ok(Err(StoreError::Failed(Arc::new(NoPlace))));
        };
        self.insert(place, secret)?;
        let id = secret.lookup_id.as_bytes();
        if let Some(verifier) = verifier {
            let values = params![id, verifier.as_bytes(), self.rules.attempts];
            self.erasing(|it| it.execute(sql!("guard"), values))?;
        }
        if let Some(receipt_id) = receipt_id {
            let (now, end) = (self.now.as_millis(), secret.expires_at.as_millis());
            let values = params![receipt_id.as_bytes(), id, now, end, State::Pending.as_str()];
            self.execute(sql!("issue_receipt"), values)?;
        }
        if let Some(creation) = creation {
            self.remember(creation, secret)?;
        }
        Ok(Ok(Created::Stored))
    }

    /// Subtracts the space for a secret with `sealed` bytes from the quota, or refuses it. Refuses every
    /// secret while erasing is behind.
    fn take_quota(&mut self, sealed: usize) -> rusqlite::Result<Result<(), StoreError>> {
        let quota = match self.quota {
            _ if self.is_behind => Err(Full::Behind),
            Some(quota) => Ok(quota),
            None => match Quota::read(self.pages()?, self.files, &self.rules.bounds) {
                Ok(quota) => Ok(quota),
                Err(unknown) => return Ok(Err(StoreError::Failed(Arc::new(unknown)))),
            },
        };
        Ok(match quota.and_then(|quota| quota.without(sealed)) {
            Ok(rest) => {
                self.quota = Some(rest);
                Ok(())
            }
            Err(full) => {
                self.full = Some(full);
                self.tally.refused += 1;
                Err(full.into())
            }
        })
    }

    fn insert(&mut self, place: i64, secret: &SealedSecret) -> rusqlite::Result<()> {
        let SealedSecret { lookup_id, key_id, version, flags, expires_at, shred_key, ciphertext } =
            secret;
        debug_assert!(lookup_id.instant() <= *expires_at, "or no purge would find it in time");
        let slot = self.shreds.fill(shred_key, expires_at.since(self.now))?;
        let values = params![
            place,
            lookup_id.as_bytes(),
            key_id.as_bytes(),
            version,
            flags.as_byte(),
            expires_at.as_millis(),
            slot,
            ciphertext,
        ];
        self.execute(sql!("create"), values)?;
        self.tally.add(place, *expires_at);
        self.moved += ciphertext.len();
        Ok(())
    }

    /// The first free place of a secret; `None` if there is none or the secret is already stored.
    fn free_place(&self, id: &LookupId) -> rusqlite::Result<Option<i64>> {
        let (mut place, last) = places(id).into_inner();
        let mut select = self.connection.prepare_cached(sql!("neighbours"))?;
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

    /// The creation with this id, while it is remembered.
    fn recall(&self, id: &CreationId) -> rusqlite::Result<Option<Creation>> {
        self.find(sql!("recall"), params![id.as_bytes(), self.now.as_millis()], |row| {
            Ok(Creation {
                id: *id,
                nonce: Nonce::from_bytes(bytes(row, "nonce")),
                lookup_id: LookupId::from_bytes(bytes(row, "lookup_id")),
                expires_at: timestamp(row, "expires_at")?,
            })
        })
    }

    /// Remembers a creation. Replaces one with the same id whose retention is over.
    fn remember(&self, new: &NewCreation, secret: &SealedSecret) -> rusqlite::Result<()> {
        let values = params![
            new.id.as_bytes(),
            new.nonce.as_bytes(),
            secret.lookup_id.as_bytes(),
            secret.expires_at.as_millis(),
            self.now.plus(CREATIONS_KEPT).as_millis(),
        ];
        self.execute(sql!("remember"), values).map(drop)
    }
}
