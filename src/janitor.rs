//! The [`JanitorActor`] sends [`Purge`] at the start and then on a timer. A round repeats [`Purge`]
//! until nothing expired is left; the store serves other messages in between. The janitor also watches
//! the wall clock: a jump causes deletions only after it was logged and has lasted for a round.

use std::mem;
use std::time::{Duration, Instant};

use actix::prelude::*;
use chrono::TimeDelta;

use crate::domain::clock::Clock;
use crate::runtime::chain::Chain;
use crate::runtime::lifeline::Lifeline;
use crate::store::{Purge, Store, StoreError};

/// The longest delay before a failed purge is retried.
const RETRY: Duration = Duration::from_millis(500);

/// Purges expired secrets periodically.
pub struct JanitorActor {
    store: Store,
    clock: Clock,
    interval: Duration,
    /// The jump of the wall clock that the last round found.
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
            let delay = match purged {
                Err(error) => janitor.failed(&error),
                Ok(secrets) => {
                    janitor.purged(secrets);
                    let has_followed = janitor.watch_clock();
                    let interval = if has_followed { Duration::ZERO } else { janitor.interval };
                    interval.saturating_sub(started.elapsed())
                }
            };
            context.run_later(delay, Self::round);
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

    /// Logs the first of consecutive failures; returns the delay before a retry.
    fn failed(&mut self, error: &StoreError) -> Duration {
        let is_ending = matches!(error, StoreError::Closing | StoreError::Ended);
        if !is_ending && !mem::replace(&mut self.is_failing, true) {
            log::error!("the purge failed: {}", Chain(error));
        }
        RETRY.min(self.interval)
    }

    /// Makes the steady clock follow the wall clock: a small difference at once, a jump only as far as
    /// it has lasted for a round, so that a mistake can be corrected. Returns whether it followed a jump.
    fn watch_clock(&mut self) -> bool {
        self.clock.keep();
        let Some(jump) = self.clock.jump() else {
            self.jump = None;
            return false;
        };
        let lasting = self.jump.take().map(|before| overlap(before, jump)).unwrap_or_default();
        if !lasting.is_zero() {
            let seconds = lasting.num_seconds();
            log::warn!(
                "the wall clock is still off by {seconds} s: deletion follows it from now on"
            );
            self.clock.follow(lasting);
            return true;
        }
        let seconds = jump.num_seconds();
        log::warn!(
            "the wall clock jumped by {seconds} s: deletion ignores the jump unless it lasts for \
             another round"
        );
        self.jump = Some(jump);
        false
    }
}

/// The smaller of two jumps in the same direction; zero for opposite directions.
fn overlap(one: TimeDelta, other: TimeDelta) -> TimeDelta {
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

/// Purges until nothing expired is left; returns the number of purged secrets.
///
/// # Errors
///
/// The error of the store.
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
