//! Walks the store once after the start, a portion at a time so that nobody waits for it: to warn of
//! secrets under keys that are not configured, and to count secrets for the metrics.

use std::time::Duration;

use tokio::time::sleep;

use super::{Count, Store, StoreError, Survey};
use crate::domain::id::KeyId;
use crate::runtime::chain::Chain;

/// After so long, what failed is tried again.
const COUNT_AGAIN: Duration = Duration::from_secs(10);

/// Counts the living secrets under other keys than those `known`, which nobody can view, and logs a
/// warning if there are any.
pub(crate) async fn warn_of_unknown_keys(store: Store, known: Vec<KeyId>) {
    match count_unknown_keys(&store, &known).await {
        Ok(0) | Err(StoreError::Closing | StoreError::Ended) => {}
        Ok(secrets) => log::warn!(
            "secrets under keys that are not configured, which nobody can view: {secrets}; \
             if they are to be viewed, name those keys in SECRET_KEY_PREVIOUS"
        ),
        Err(error) => log::error!("secrets under other keys not counted: {}", Chain(&error)),
    }
}

async fn count_unknown_keys(store: &Store, known: &[KeyId]) -> Result<u64, StoreError> {
    let (mut secrets, mut after) = (0, None);
    loop {
        let surveyed = store.insist(Survey { known: known.to_vec(), after }).await?;
        secrets += surveyed.unknown_keys;
        after = surveyed.next;
        if after.is_none() {
            return Ok(secrets);
        }
    }
}

/// Has the store count its secrets, for the metrics. Where it cannot, it is asked again.
pub(crate) async fn count_living(store: Store) {
    loop {
        match store.insist(Count).await {
            Ok(false) => {}
            Ok(true) | Err(StoreError::Closing | StoreError::Ended) => return,
            Err(error) => {
                log::error!("secrets not yet counted for the metrics: {}", Chain(&error));
                sleep(COUNT_AGAIN).await;
            }
        }
    }
}
