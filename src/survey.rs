//! Warns at the start of secrets under keys that are not configured: nobody can view them.

use crate::chain::Chain;
use crate::key::KeyId;
use crate::store::{Store, StoreError};

/// Counts the living secrets under other keys than those `known`, a portion at a time so that
/// nobody waits for it, and logs a warning if there are any.
pub async fn warn_of_strangers(store: Store, known: Vec<KeyId>) {
    match count(&store, &known).await {
        Ok(0) | Err(StoreError::Closing | StoreError::Ended) => {}
        Ok(strangers) => log::warn!(
            "secrets under keys that are not configured, which nobody can view: {strangers}; \
             if they are to be viewed, name those keys in SECRET_KEY_PREVIOUS"
        ),
        Err(error) => log::error!("secrets under other keys not counted: {}", Chain(&error)),
    }
}

async fn count(store: &Store, known: &[KeyId]) -> Result<u64, StoreError> {
    let (mut strangers, mut place) = (0, None);
    loop {
        let surveyed = store.survey(known.to_vec(), place).await?;
        strangers += surveyed.strangers;
        place = surveyed.next;
        if place.is_none() {
            return Ok(strangers);
        }
    }
}
