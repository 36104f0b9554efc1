//! The [`JanitorActor`], which sends [`Purge`](crate::store::Purge) once at the start and then on
//! a timer. It asks again at once until nothing expired is left; between two purges the store
//! serves whoever waits.

use std::time::{Duration, Instant};

use actix::prelude::*;

use crate::chain::Chain;
use crate::store::{Store, StoreError};

/// Has expired secrets purged, round after round.
pub struct JanitorActor {
    store: Store,
    interval: Duration,
}

impl JanitorActor {
    /// A janitor whose rounds begin `interval` apart.
    #[must_use]
    pub const fn new(store: Store, interval: Duration) -> Self {
        Self { store, interval }
    }

    fn round(&mut self, context: &mut Context<Self>) {
        let started = Instant::now();
        let round = purge_all(self.store.clone()).into_actor(self);
        context.spawn(round.map(move |purged, janitor, context| {
            report(purged);
            let rest = janitor.interval.saturating_sub(started.elapsed());
            context.run_later(rest, Self::round);
        }));
    }
}

impl Actor for JanitorActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.round(context);
    }
}

/// Purges until nothing expired is left; returns how many secrets that were.
///
/// # Errors
///
/// The store's.
pub async fn purge_all(store: Store) -> Result<usize, StoreError> {
    let mut secrets = 0;
    loop {
        let purged = store.purge().await?;
        secrets += purged.secrets;
        if purged.is_complete {
            return Ok(secrets);
        }
    }
}

fn report(purged: Result<usize, StoreError>) {
    match purged {
        Ok(0) | Err(StoreError::Closing | StoreError::Ended) => {}
        Ok(secrets) => log::info!("expired secrets purged: {secrets}"),
        Err(error) => log::error!("the purge failed: {}", Chain(&error)),
    }
}
