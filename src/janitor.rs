//! The [`JanitorActor`], which sends [`Purge`] once at the start and then on
//! a timer. It asks again at once until nothing expired is left; between two purges the store
//! serves whoever waits. And it watches the wall clock: nothing is deleted because of a jump before
//! that was said and has lasted.

use std::mem;
use std::time::{Duration, Instant};

use actix::prelude::*;
use chrono::TimeDelta;

use crate::domain::clock::Clock;
use crate::runtime::chain::Chain;
use crate::runtime::lifeline::Lifeline;
use crate::store::{Purge, Store, StoreError};

/// How soon a purge that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// Has expired secrets purged, round after round.
pub struct JanitorActor {
    store: Store,
    clock: Clock,
    interval: Duration,
    /// How far the last round found that the wall clock had jumped.
    jump: Option<TimeDelta>,
    /// Whether the last purge failed.
    is_failing: bool,
    _lifeline: Lifeline,
}

impl JanitorActor {
    /// A janitor whose rounds begin `interval` apart.
    pub const fn new(store: Store, clock: Clock, interval: Duration, lifeline: Lifeline) -> Self {
        Self { store, clock, interval, jump: None, is_failing: false, _lifeline: lifeline }
    }

    fn round(&mut self, context: &mut Context<Self>) {
        let started = Instant::now();
        let round = purge_all(self.store.clone()).into_actor(self);
        context.spawn(round.map(move |purged, janitor, context| {
            let rest = match purged {
                Err(error) => janitor.failed(&error),
                Ok(secrets) => {
                    janitor.purged(secrets);
                    let has_followed = janitor.watch_clock();
                    let interval = if has_followed { Duration::ZERO } else { janitor.interval };
                    interval.saturating_sub(started.elapsed())
                }
            };
            context.run_later(rest, Self::round);
        }));
    }

    fn purged(&mut self, secrets: usize) {
        if mem::take(&mut self.is_failing) {
            log::info!("the purge works again");
        }
        if secrets > 0 {
            log::info!("expired secrets purged: {secrets}");
        }
    }

    /// Tells once that purges fail; returns when to try again.
    fn failed(&mut self, error: &StoreError) -> Duration {
        let is_ending = matches!(error, StoreError::Closing | StoreError::Ended);
        if !is_ending && !mem::replace(&mut self.is_failing, true) {
            log::error!("the purge failed: {}", Chain(error));
        }
        RETRY.min(self.interval)
    }

    /// Has the steady clock follow the wall clock: at once where they are hardly apart; of a jump, as
    /// much as has lasted for a round, in which it could have been set right. Returns whether it has
    /// followed one.
    fn watch_clock(&mut self) -> bool {
        self.clock.keep();
        let Some(jump) = self.clock.jump() else {
            self.jump = None;
            return false;
        };
        let lasting = self.jump.take().map(|before| common(before, jump)).unwrap_or_default();
        if !lasting.is_zero() {
            let seconds = lasting.num_seconds();
            log::warn!(
                "the clock stays set by {seconds} s: from now on it counts for deleting, too"
            );
            self.clock.follow(lasting);
            return true;
        }
        let seconds = jump.num_seconds();
        log::warn!(
            "the clock was set by {seconds} s: nothing is deleted because of that unless it stays so \
             for another round"
        );
        self.jump = Some(jump);
        false
    }
}

/// As much as two jumps have in common.
fn common(one: TimeDelta, other: TimeDelta) -> TimeDelta {
    if one > TimeDelta::zero() {
        one.min(other).max(TimeDelta::zero())
    } else {
        one.max(other).min(TimeDelta::zero())
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
        let purged = store.insist(Purge).await?;
        secrets += purged.secrets;
        if purged.is_complete {
            return Ok(secrets);
        }
    }
}
