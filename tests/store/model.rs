//! The store against a model of it: whatever it is asked, one thing after the other or many as one
//! batch, as time goes by and across restarts, it answers as the table in [`viewonce::store`] says.
//!
//! Each step of a case takes a quarter of an hour of the store's clock, and all else is a matter of
//! whole days. A case is shorter than a day without them, so an instant that the store decides by is
//! never closer than a quarter of an hour, and the time that really passes makes no difference.

mod names;
mod seen;
mod step;

use std::env;
use std::time::Duration;

use actix_web::rt::System;
use futures_util::future;
use proptest::prelude::{TestCaseError, prop_assert_eq};
use proptest::test_runner::{Config, TestError, TestRunner};
use viewonce::clock::{Clock, Timestamp};
use viewonce::store::{
    Bounds, Created, Fate, Peeked, Proof, Purged, Rules, State, Store, StoreError, Take, Taken,
};

use crate::backend::Backend;
use crate::batch::as_one_batch;
use names::STRANGER;
use seen::Model;
use step::{Ask, Key, Step, steps};

/// The time that a step takes.
const STEP: Duration = Duration::from_mins(15);
const DAY: Duration = Duration::from_hours(24);
const RULES: Rules = Rules {
    attempts: 2,
    redelivery: Duration::from_hours(2 * 24),
    receipts_kept: DAY.saturating_mul(48),
    bounds: Bounds::NONE,
};
/// Room for the largest batch.
const MAILBOX: usize = 16;
/// Cases that are tried, unless the environment says how many.
const CASES: u32 = 200;
/// Shorter cases that are tried when one has failed.
const SHRINKS: u32 = 4_000;

mod on_sqlite {
    #[test]
    fn every_answer_is_that_of_the_model() {
        super::every_answer_is_that_of_the_model(crate::sqlite::Sqlite::in_memory);
    }
}

/// Tries cases, each in a `fresh` place.
fn every_answer_is_that_of_the_model<B: Backend>(fresh: fn() -> B) {
    let config = Config::default();
    let cases = if env::var_os("PROPTEST_CASES").is_some() { config.cases } else { CASES };
    let config = Config { cases, max_shrink_iters: SHRINKS, failure_persistence: None, ..config };
    let outcome = TestRunner::new(config)
        .run(&steps(), |steps| System::new().block_on(Case::start(fresh()).run(steps)));
    match outcome {
        Err(TestError::Fail(reason, steps)) => {
            let steps: Vec<_> = steps.iter().map(|step| format!("  {step:?}")).collect();
            panic!("{reason}\nin these steps:\n{}", steps.join("\n"));
        }
        outcome => outcome.unwrap(),
    }
}

/// What is said to something a store is asked, by the store or by the model.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Created(Created),
    Taken(Taken),
    Peeked(Option<Peeked>),
    /// Whether there was something to end or to burn.
    Was(bool),
    Fate(Option<Fate>),
    Purged(Purged),
}

/// A store and its model.
struct Case<B> {
    backend: B,
    clock: Clock,
    start: Timestamp,
    store: Store,
    model: Model,
}

impl<B: Backend> Case<B> {
    fn start(backend: B) -> Self {
        let clock = Clock::default();
        let (store, _ended) = backend.start(RULES, clock.clone(), MAILBOX);
        let start = clock.now();
        Self { backend, clock, start, store, model: Model::new(start) }
    }

    async fn run(mut self, steps: Vec<Step>) -> Result<(), TestCaseError> {
        let outcome = self.go(steps).await;
        let closed = self.store.close().await;
        outcome?;
        Ok(closed?)
    }

    /// Goes these steps, and then has a look at every secret.
    async fn go(&mut self, steps: Vec<Step>) -> Result<(), TestCaseError> {
        for step in steps {
            self.pass(STEP);
            match step {
                Step::Ask(slot, ask) => self.ask(self.model.number(slot, ask), ask).await?,
                Step::AskAtOnce(asks) => self.ask_at_once(&asks).await?,
                Step::Wait(days) => self.pass(DAY * days),
                Step::Restart => self.restart().await?,
            }
        }
        self.pass(STEP);
        for number in self.model.numbers() {
            let repeat = |key| Ask::Take { key: Some(key), passphrase: None };
            for ask in [Ask::Peek, Ask::Inspect, repeat(Key::A), repeat(Key::B), Ask::Inspect] {
                self.ask(number, ask).await?;
            }
        }
        Ok(())
    }

    async fn ask(&mut self, number: u32, ask: Ask) -> Result<(), TestCaseError> {
        let expected = self.model.answer(number, ask);
        let answer = send(&self.store, number, ask, self.model.now).await?;
        prop_assert_eq!(self.at_the_steps(answer), expected, "{:?} secret {}", ask, number);
        Ok(())
    }

    async fn ask_at_once(&mut self, asks: &[(u32, Ask)]) -> Result<(), TestCaseError> {
        let (mut calls, mut expected) = (Vec::new(), Vec::new());
        for &(slot, ask) in asks {
            let number = self.model.number(slot, ask);
            expected.push(self.model.answer(number, ask));
            calls.push(send(&self.store, number, ask, self.model.now));
        }
        let answers = as_one_batch(&self.store, future::try_join_all(calls)).await?;
        let answers: Vec<_> = answers.into_iter().map(|answer| self.at_the_steps(answer)).collect();
        prop_assert_eq!(answers, expected, "{:?}", asks);
        Ok(())
    }

    async fn restart(&mut self) -> Result<(), StoreError> {
        self.store.close().await?;
        (self.store, _) = self.backend.start(RULES, self.clock.clone(), MAILBOX);
        Ok(())
    }

    fn pass(&mut self, time: Duration) {
        self.clock.advance(time);
        self.model.now = self.model.now.plus(time);
    }

    /// This answer with the instants that the store's clock gave as the model has them: at the
    /// nearest step. An expiry was given by the test and stays as it is.
    fn at_the_steps(&self, answer: Answer) -> Answer {
        let Answer::Fate(Some(fate)) = answer else { return answer };
        let (start, step) = (self.start.as_millis(), i64::try_from(STEP.as_millis()).unwrap());
        let at_a_step = |instant: Timestamp| {
            let steps = (instant.as_millis() - start + step / 2).div_euclid(step);
            Timestamp::from_millis(start + steps * step)
        };
        let ended_at = match fate.state {
            State::Expired => fate.ended_at,
            _ => fate.ended_at.map(at_a_step),
        };
        Answer::Fate(Some(Fate { created_at: at_a_step(fate.created_at), ended_at, ..fate }))
    }
}

/// Asks a store about the secret of this number, among others that never are.
async fn send(store: &Store, number: u32, ask: Ask, now: Timestamp) -> Result<Answer, StoreError> {
    let secrets = || [STRANGER, number].map(names::lookup_id).to_vec();
    let receipts = || [STRANGER, number].map(names::receipt_id).to_vec();
    let claims = |key| [number, STRANGER].map(|number| names::claim_id(number, key)).to_vec();
    Ok(match ask {
        Ask::Peek => Answer::Peeked(store.peek(secrets()).await?),
        Ask::Inspect => Answer::Fate(store.inspect(receipts()).await?),
        Ask::Create(terms) => {
            Answer::Created(store.create(names::new_secret(number, terms, now)).await?)
        }
        Ask::Take { key, passphrase } => {
            let proof = passphrase.map(|passphrase| Proof {
                verifier: names::verifier(number, passphrase),
                wrapped_key: key.map(|key| names::wrapped_key(number, key)),
            });
            let claims = key.map_or_else(Vec::new, claims);
            Answer::Taken(store.take(Take { candidates: secrets(), claims, proof }).await?)
        }
        Ask::Acknowledge(key) => Answer::Was(store.acknowledge(claims(key)).await?),
        Ask::Burn => Answer::Was(store.burn(secrets()).await?),
        Ask::Revoke => Answer::Fate(store.revoke(receipts()).await?),
        Ask::Purge => Answer::Purged(store.purge().await?),
    })
}
