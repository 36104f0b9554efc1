//! Property test of the store against its model: random commands, alone and in batches, as time passes
//! and across restarts, must be answered as the table in [`viewonce::store`] says.
//!
//! Each step of a case advances the store's clock by a quarter of an hour; all other durations are whole
//! days. Without those, a case is shorter than a day. So no deadline of the store is ever closer than a
//! quarter of an hour, and the real time that passes makes no difference.

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

/// The time that each step takes.
pub(crate) const STEP: Duration = Duration::from_mins(15);
/// Mailbox size that suffices for the largest batch.
const MAILBOX: usize = 10_000;
/// Number of cases, unless the environment sets it.
const CASES: u32 = 200;
/// How many shorter cases are tried after a failure.
const SHRINKS: u32 = 4_000;

mod on_sqlite {
    #[test]
    fn every_answer_matches_the_model() {
        super::every_answer_matches_the_model(crate::sqlite::Sqlite::in_memory);
    }
}

/// Runs cases, each on `fresh` storage.
fn every_answer_matches_the_model<B: Backend>(fresh: fn() -> B) {
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

/// An answer of a store, or the expected answer.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Created(Created),
    Taken(Taken),
    Peeked(Option<Peeked>),
    Ended(bool),
    ReceiptStatus(Option<ReceiptStatus>),
    Waits(bool),
    Purged(Purged),
}

/// A store, and the model of its secrets.
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
        let outcome = self.run_steps(steps).await;
        let closed = self.store.insist(Close).await;
        outcome?;
        Ok(closed?)
    }

    /// Runs these steps, and then checks every secret.
    async fn run_steps(&mut self, steps: Vec<Step>) -> Result<(), TestCaseError> {
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
        self.check_all().await
    }

    /// Checks every secret: its visible state, its remaining attempts, and its content, which this
    /// takes.
    pub(crate) async fn check_all(&mut self) -> Result<(), TestCaseError> {
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
        let reply = send(&self.store, number, ask, self.secrets.timestamp()).await?;
        self.compare(reply, expected)
    }

    /// Sends all these commands as one batch.
    pub(crate) async fn ask_at_once(&mut self, asks: Vec<(u32, Ask)>) -> Result<(), TestCaseError> {
        self.ask_slots_at_once(asks, |_secrets, number, _ask| number).await
    }

    /// Sends all these commands as one batch; the numbers of the secrets follow from earlier commands.
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
        let reply = as_one_batch(&store, future::try_join_all(calls)).await?;
        reply
            .into_iter()
            .zip(expected)
            .try_for_each(|(reply, expected)| self.compare(reply, expected))
    }

    /// The expected answer, with the context that a mismatch reports.
    fn expect(&mut self, number: u32, ask: Ask) -> (Reply, (u32, Secret, Ask)) {
        let before = self.secrets.secret(number);
        (self.secrets.answer(number, ask), (number, before, ask))
    }

    fn compare(
        &self,
        reply: Reply,
        expected: (Reply, (u32, Secret, Ask)),
    ) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.at_the_steps(reply), expected.0, "{:?}", expected.1);
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

    /// This answer with instants of the store's clock rounded to the nearest step, as the model expects.
    /// An expiry was set by the test and stays unchanged.
    fn at_the_steps(&self, reply: Reply) -> Reply {
        let Reply::ReceiptStatus(Some(receipt_status)) = reply else { return reply };
        let at_a_step = |instant| self.secrets.nearest_step(instant);
        let ended_at = match receipt_status.state {
            State::Expired => receipt_status.ended_at,
            _ => receipt_status.ended_at.map(at_a_step),
        };
        Reply::ReceiptStatus(Some(ReceiptStatus {
            created_at: at_a_step(receipt_status.created_at),
            ended_at,
            ..receipt_status
        }))
    }
}

/// Sends a command about the secret of this number, with nonexistent candidates beside it.
async fn send(store: &Store, number: u32, ask: Ask, now: Timestamp) -> Result<Reply, StoreError> {
    let secrets = || [STRANGER, number].map(names::lookup_id).to_vec();
    let receipts = || [STRANGER, number].map(names::receipt_id).to_vec();
    let claims = |key| [number, STRANGER].map(|number| names::redelivery_id(number, key)).to_vec();
    Ok(match ask {
        Ask::Create(terms) => {
            Reply::Created(store.ask(names::new_secret(number, terms, now)).await?)
        }
        Ask::Take { key, passphrase } => {
            let proof = passphrase.map(|passphrase| Proof {
                verifier: names::verifier(number, passphrase),
                wrapped_key: key.map(|key| names::wrapped_key(number, key)),
            });
            let claims = key.map_or_else(Vec::new, claims);
            Reply::Taken(
                store.ask(Take { candidates: secrets(), redelivery_ids: claims, proof }).await?,
            )
        }
        Ask::Acknowledge(key) => {
            let end = Acknowledge { candidates: secrets(), redelivery_ids: claims(key) };
            Reply::Ended(store.ask(end).await?)
        }
        Ask::Burn => Reply::Ended(store.ask(Burn(secrets())).await?),
        Ask::Revoke => Reply::ReceiptStatus(store.ask(Revoke(receipts())).await?),
        Ask::Peek => Reply::Peeked(store.ask(Peek(secrets())).await?),
        Ask::Inspect => Reply::ReceiptStatus(store.ask(Inspect(receipts())).await?),
        Ask::Watch => {
            let mut watch: Watching<'_> = Box::pin(store.ask(Watch(receipts())));
            Reply::Waits(waits(store, &mut watch).await)
        }
        Ask::Purge => {
            let mut all = store.insist(Purge).await?;
            while !all.is_complete {
                let Purged { secrets, is_complete } = store.insist(Purge).await?;
                all = Purged { secrets: all.secrets + secrets, is_complete };
            }
            Reply::Purged(all)
        }
    })
}
