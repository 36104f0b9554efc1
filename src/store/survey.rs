//! Walks the store once after the start, to warn of secrets under keys that are not configured and to
//! count secrets for the metrics. It reads in portions, so that requests do not wait for the whole walk.

use std::time::Duration;

use tokio::time::sleep;

use super::{Count, Store, StoreError, Survey};
use crate::domain::id::KeyId;
use crate::runtime::chain::Chain;

/// How long to wait before a failed count is retried.
const RETRY_DELAY: Duration = Duration::from_secs(10);

/// Counts the living secrets under keys that are not in `known`, and logs a warning if there are any:
/// nobody can view them.
pub(crate) async fn warn_of_unknown_keys(store: Store, known: Vec<KeyId>) {
    match count_unknown_keys(&store, &known).await {
        Ok(0) | Err(StoreError::Closing | StoreError::Ended) => {}
        Ok(secrets) => log::warn!(
            "secrets under keys that are not configured, which nobody can view: {secrets}; \
             to make them viewable, add their keys to SECRET_KEY_PREVIOUS"
        ),
        Err(error) => log::error!("cannot count secrets under unknown keys: {}", Chain(&error)),
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

/// Has the store count its secrets for the metrics, and retries if that fails.
pub(crate) async fn count_living(store: Store) {
    loop {
        match store.insist(Count).await {
            Ok(false) => {}
            Ok(true) | Err(StoreError::Closing | StoreError::Ended) => return,
            Err(error) => {
                log::error!("cannot count secrets for the metrics, will retry: {}", Chain(&error));
                sleep(RETRY_DELAY).await;
            }
        }
    }
}
