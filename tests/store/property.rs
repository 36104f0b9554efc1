//! Property test of the store against its model: random commands, alone and in batches, as time passes
//! and across restarts, are answered as the table in [`viewonce::store`] says.
//!
//! Each step of a case takes a quarter of an hour of the store's clock, and all else is a matter of
//! whole days. A case is shorter than a day without them, so an instant that the store decides by is
//! never closer than a quarter of an hour, and the time that really passes makes no difference.

mod names;
mod secrets;
mod step;

use std::env;
use std::time::Duration;

use actix_web::rt::System;
use futures_util::future;
use proptest::prelude::{TestCaseError, prop_assert_eq};
use proptest::test_runner::{Config, TestError, TestRunner};
use viewonce::domain::clock::{Clock, Timestamp};
use viewonce::store::{
    Acknowledge, Burn, Close, Created, Inspect, Peek, Peeked, Proof, Purge, Purged, ReceiptStatus,
    Revoke, State, Store, StoreError, Take, Taken, Watch,
};

use crate::backend::Backend;
use crate::batch::as_one_batch;
use crate::model::{A, Ask, B, DAY, Passphrase, RULES, Secret};
use crate::watch_helpers::{Watching, waits};
use names::STRANGER;
use secrets::Secrets;
use step::{Step, steps};

/// The time that a step takes.
pub(crate) const STEP: Duration = Duration::from_mins(15);
/// Room for the largest batch.
const MAILBOX: usize = 10_000;
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

/// An answer of a store, or what it should be.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Created(Created),
    Taken(Taken),
    Peeked(Option<Peeked>),
    Ended(bool),
    ReceiptStatus(Option<ReceiptStatus>),
    Waits(bool),
    Purged(Purged),
}

/// A store, and what it should answer.
pub(crate) struct Case<B> {
    backend: B,
    clock: Clock,
    store: Store,
    secrets: Secrets,
}

impl<B: Backend> Case<B> {
    pub(crate) fn start(backend: B) -> Self {
        let clock = Clock::default();
        let (store, _ended) = backend.start(RULES, clock.clone(), MAILBOX);
        let secrets = Secrets::new(clock.now());
        Self { backend, clock, store, secrets }
    }

    async fn run(mut self, steps: Vec<Step>) -> Result<(), TestCaseError> {
        let outcome = self.go(steps).await;
        let closed = self.store.insist(Close).await;
        outcome?;
        Ok(closed?)
    }

    /// Goes these steps, and then has a look at every secret.
    async fn go(&mut self, steps: Vec<Step>) -> Result<(), TestCaseError> {
        for step in steps {
            self.pass(STEP);
            match step {
                Step::Ask(slot, ask) => self.ask(self.secrets.number(slot, ask), ask).await?,
                Step::AskAtOnce(asks) => self.ask_slots_at_once(asks, Secrets::number).await?,
                Step::Wait(days) => self.pass(DAY * days),
                Step::Restart => self.restart().await?,
            }
        }
        self.pass(STEP);
        self.look().await
    }

    /// Looks at every secret: at all that can be seen of it, at the attempts that it has left, and at
    /// what can be taken of it.
    pub(crate) async fn look(&mut self) -> Result<(), TestCaseError> {
        let take = |key, passphrase| Ask::Take { key, passphrase };
        let (guess, open) =
            (take(None, Some(Passphrase::Wrong)), take(Some(A), Some(Passphrase::Right)));
        let asks = [
            Ask::Peek,
            Ask::Inspect,
            take(Some(A), None),
            take(Some(B), None),
            guess,
            open,
            Ask::Inspect,
        ];
        let numbers = self.secrets.numbers();
        for ask in asks.into_iter().filter(|_ask| !numbers.is_empty()) {
            self.ask_at_once(numbers.iter().map(|number| (*number, ask)).collect()).await?;
        }
        Ok(())
    }

    pub(crate) async fn ask(&mut self, number: u32, ask: Ask) -> Result<(), TestCaseError> {
        let expected = self.expect(number, ask);
        let told = send(&self.store, number, ask, self.secrets.timestamp()).await?;
        self.compare(told, expected)
    }

    /// Asks all of this as one batch.
    pub(crate) async fn ask_at_once(&mut self, asks: Vec<(u32, Ask)>) -> Result<(), TestCaseError> {
        self.ask_slots_at_once(asks, |_secrets, number, _ask| number).await
    }

    /// Asks all of this as one batch, of secrets whose numbers follow from what was asked before.
    async fn ask_slots_at_once(
        &mut self,
        asks: Vec<(u32, Ask)>,
        number: impl Fn(&Secrets, u32, Ask) -> u32,
    ) -> Result<(), TestCaseError> {
        let store = self.store.clone();
        let (mut calls, mut expected) = (Vec::new(), Vec::new());
        for (slot, ask) in asks {
            let number = number(&self.secrets, slot, ask);
            expected.push(self.expect(number, ask));
            calls.push(send(&store, number, ask, self.secrets.timestamp()));
        }
        let told = as_one_batch(&store, future::try_join_all(calls)).await?;
        told.into_iter().zip(expected).try_for_each(|(told, expected)| self.compare(told, expected))
    }

    /// The answer that there should be; and what it is about, which is told if there is another.
    fn expect(&mut self, number: u32, ask: Ask) -> (Told, (u32, Secret, Ask)) {
        let before = self.secrets.secret(number);
        (self.secrets.answer(number, ask), (number, before, ask))
    }

    fn compare(
        &self,
        told: Told,
        expected: (Told, (u32, Secret, Ask)),
    ) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.at_the_steps(told), expected.0, "{:?}", expected.1);
        Ok(())
    }

    pub(crate) async fn restart(&mut self) -> Result<(), StoreError> {
        self.store.insist(Close).await?;
        (self.store, _) = self.backend.start(RULES, self.clock.clone(), MAILBOX);
        Ok(())
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.clock.advance(time);
        self.secrets.now += time;
    }

    /// This answer with the instants that the store's clock gave at the nearest step, as they are
    /// expected. An expiry was given by the test and stays as it is.
    fn at_the_steps(&self, told: Told) -> Told {
        let Told::ReceiptStatus(Some(fate)) = told else { return told };
        let at_a_step = |instant| self.secrets.nearest_step(instant);
        let ended_at = match fate.state {
            State::Expired => fate.ended_at,
            _ => fate.ended_at.map(at_a_step),
        };
        Told::ReceiptStatus(Some(ReceiptStatus {
            created_at: at_a_step(fate.created_at),
            ended_at,
            ..fate
        }))
    }
}

/// Asks a store about the secret of this number, among others that never are.
async fn send(store: &Store, number: u32, ask: Ask, now: Timestamp) -> Result<Told, StoreError> {
    let secrets = || [STRANGER, number].map(names::lookup_id).to_vec();
    let receipts = || [STRANGER, number].map(names::receipt_id).to_vec();
    let claims = |key| [number, STRANGER].map(|number| names::redelivery_id(number, key)).to_vec();
    Ok(match ask {
        Ask::Create(terms) => {
            Told::Created(store.ask(names::new_secret(number, terms, now)).await?)
        }
        Ask::Take { key, passphrase } => {
            let proof = passphrase.map(|passphrase| Proof {
                verifier: names::verifier(number, passphrase),
                wrapped_key: key.map(|key| names::wrapped_key(number, key)),
            });
            let claims = key.map_or_else(Vec::new, claims);
            Told::Taken(
                store.ask(Take { candidates: secrets(), redelivery_ids: claims, proof }).await?,
            )
        }
        Ask::Acknowledge(key) => Told::Ended(store.ask(Acknowledge(claims(key))).await?),
        Ask::Burn => Told::Ended(store.ask(Burn(secrets())).await?),
        Ask::Revoke => Told::ReceiptStatus(store.ask(Revoke(receipts())).await?),
        Ask::Peek => Told::Peeked(store.ask(Peek(secrets())).await?),
        Ask::Inspect => Told::ReceiptStatus(store.ask(Inspect(receipts())).await?),
        Ask::Watch => {
            let mut watch: Watching<'_> = Box::pin(store.ask(Watch(receipts())));
            Told::Waits(waits(store, &mut watch).await)
        }
        Ask::Purge => {
            let mut all = store.insist(Purge).await?;
            while !all.is_complete {
                let Purged { secrets, is_complete } = store.insist(Purge).await?;
                all = Purged { secrets: all.secrets + secrets, is_complete };
            }
            Told::Purged(all)
        }
    })
}
