//! Races between all requests that can end a secret: exactly one ends it, and the receipt matches the
//! answers.

use std::sync::Barrier;
use std::thread;

use futures_util::future;
use tokio::runtime;
use viewonce::domain::id::RedeliveryId;
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{
    Acknowledge, Burn, ReceiptStatus, Revoke, State, Store, StoreError, Take, Taken,
};

use crate::backend::{Backend, RULES, Subject};
use crate::batch::as_one_batch;
use crate::samples::{
    ANOTHER_KEY, KEY, Terms, only, plain_take, pseudorandom, receipt, redelivery_id,
    repeatable_take, repeatable_unlock, unlock, wrong_guess,
};

/// Secrets that are raced for, one after another, each in a different order of requests.
const RACES: u32 = 200;
/// Races in which every caller is a thread.
const RACES_OF_THREADS: u32 = 60;

/// The request of a racer.
#[derive(Clone)]
enum Request {
    Take(Take),
    Burn,
    Revoke,
    Acknowledge(RedeliveryId),
}

/// The answer to a racer.
#[derive(Debug)]
enum Answer {
    Taken(Vec<RedeliveryId>, Taken),
    Burned(bool),
    Revoked(ReceiptStatus),
    Acknowledged(RedeliveryId, bool),
}

impl Request {
    /// Sends this request about secret number `n`.
    async fn send(self, store: &Store, n: u32) -> Result<Answer, StoreError> {
        Ok(match self {
            Self::Take(take) => Answer::Taken(take.redelivery_ids.clone(), store.ask(take).await?),
            Self::Burn => Answer::Burned(store.ask(Burn(only(n))).await?),
            Self::Revoke => Answer::Revoked(store.ask(Revoke(receipt(n))).await?.unwrap()),
            Self::Acknowledge(id) => {
                let end = Acknowledge { candidates: only(n), redelivery_ids: vec![id] };
                Answer::Acknowledged(id, store.ask(end).await?)
            }
        })
    }
}

pub(super) async fn exactly_one_racer_ends_the_secret<B: Backend>() {
    let tally = race::<B>(RACES, async |store, n, requests| {
        future::try_join_all(requests.into_iter().map(|request| request.send(store, n))).await
    })
    .await;
    tally.assert_all_have_won();
}

pub(super) async fn exactly_one_racer_in_a_batch_ends_the_secret<B: Backend>() {
    let tally = race::<B>(RACES, async |store, n, requests| {
        let calls = requests.into_iter().map(|request| request.send(store, n));
        as_one_batch(store, future::try_join_all(calls)).await
    })
    .await;
    tally.assert_all_have_won();
}

pub(super) async fn exactly_one_racing_thread_ends_the_secret<B: Backend>() {
    race::<B>(RACES_OF_THREADS, async |store, n, requests| {
        let start = Barrier::new(requests.len());
        thread::scope(|scope| {
            let threads: Vec<_> = requests
                .into_iter()
                .map(|request| scope.spawn(|| send_from_thread(&start, store, n, request)))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    })
    .await;
}

/// Sends a request from a new thread as soon as all threads are ready to `start`.
fn send_from_thread(
    start: &Barrier,
    store: &Store,
    n: u32,
    request: Request,
) -> Result<Answer, StoreError> {
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    start.wait();
    runtime.block_on(request.send(store, n))
}

/// How often each kind of request has won.
#[derive(Default, Debug)]
struct Tally {
    viewed: u32,
    repeated: u32,
    burned: u32,
    revoked: u32,
    locked: u32,
}

impl Tally {
    fn assert_all_have_won(&self) {
        let Self { viewed, repeated, burned, revoked, locked } = self;
        assert!(
            [viewed, repeated, burned, revoked, locked].iter().all(|wins| **wins > 0),
            "{self:?}"
        );
    }

    fn count(&mut self, answers: &[Answer], receipt_status: &ReceiptStatus) {
        let is_burn = answers.iter().any(|answer| matches!(answer, Answer::Burned(true)));
        let is_repeat =
            answers.iter().any(|answer| matches!(answer, Answer::Taken(_, Taken::Again { .. })));
        self.repeated += u32::from(is_repeat);
        *match receipt_status.state {
            State::Viewed => &mut self.viewed,
            State::Locked => &mut self.locked,
            _ if is_burn => &mut self.burned,
            _ => &mut self.revoked,
        } += 1;
    }
}

/// Races for secrets. Every second secret has a passphrase.
async fn race<B: Backend>(
    races: u32,
    send: impl AsyncFn(&Store, u32, Vec<Request>) -> Result<Vec<Answer>, StoreError>,
) -> Tally {
    let subject = Subject::<B>::start().await;
    let mut tally = Tally::default();
    for n in 0..races {
        let terms = if n % 2 == 0 { Terms::PASSPHRASE_AND_RECEIPT } else { Terms::RECEIPT };
        let sealed = subject.create_with(n, terms).await;
        let answers = send(&subject.store, n, shuffled(requests(n), n)).await.unwrap();
        let receipt_status = subject.receipt_status(n).await.unwrap();
        assert_one_end(&sealed, &answers, &receipt_status);
        assert!(!subject.has(n).await, "{n}");
        assert_eq!(subject.ask(unlock(n)).await, Taken::Nothing, "{n}");
        tally.count(&answers, &receipt_status);
    }
    tally
}

/// The requests for secret number `n`, among them enough wrong passphrases to lock it.
fn requests(n: u32) -> Vec<Request> {
    let takes = [
        plain_take(n),
        unlock(n),
        repeatable_take(n, KEY),
        repeatable_unlock(n, KEY),
        repeatable_unlock(n, KEY),
        repeatable_unlock(n, ANOTHER_KEY),
        repeatable_unlock(n, ANOTHER_KEY),
    ];
    let guesses = (0..4 * RULES.attempts).map(|_attempt| wrong_guess(n));
    let others = [Request::Burn, Request::Burn, Request::Revoke, Request::Revoke];
    let acknowledgements =
        [KEY, ANOTHER_KEY].map(|key| Request::Acknowledge(redelivery_id(n, key)));
    let takes = takes.into_iter().chain(guesses).map(Request::Take);
    takes.chain(others).chain(acknowledgements).collect()
}

/// The requests in an order that depends on `n`.
fn shuffled(requests: Vec<Request>, n: u32) -> Vec<Request> {
    let mut numbered: Vec<_> = (n * 64..).zip(requests).collect();
    numbered.sort_by_key(|(lot, _)| pseudorandom(*lot));
    numbered.into_iter().map(|(_, request)| request).collect()
}

/// Asserts that at most one answer claims to have ended the secret, and that all other answers are
/// consistent with it.
fn assert_one_end(sealed: &SealedSecret, answers: &[Answer], receipt_status: &ReceiptStatus) {
    let ends: Vec<State> = answers.iter().filter_map(end).collect();
    let revokes = answers.iter().filter(|answer| matches!(answer, Answer::Revoked(_))).count();
    match ends[..] {
        [state] => assert_eq!(state, receipt_status.state, "{answers:?}"),
        [] => assert!(
            receipt_status.state == State::Burned && revokes > 0,
            "{receipt_status:?}: {answers:?}"
        ),
        _ => panic!("{answers:?}"),
    }
    for answer in answers {
        if let Answer::Revoked(reported) = answer {
            assert_eq!(reported, receipt_status, "{answers:?}");
        }
    }
    assert_repeats(sealed, answers);
    assert_attempts(answers, receipt_status);
}

/// How this caller ended the secret, if it did. A revoke does not count: its answer is the same when
/// another caller has revoked.
fn end(answer: &Answer) -> Option<State> {
    match answer {
        Answer::Taken(_, Taken::Secret(_)) => Some(State::Viewed),
        Answer::Taken(_, Taken::WrongPassphrase { attempts_left: 0 }) => Some(State::Locked),
        Answer::Burned(true) => Some(State::Burned),
        _ => None,
    }
}

/// Asserts that one caller got the content, and that only callers with the same key got it again.
fn assert_repeats(sealed: &SealedSecret, answers: &[Answer]) {
    let winner = answers.iter().find_map(|answer| match answer {
        Answer::Taken(claims, Taken::Secret(taken)) => Some((claims, taken)),
        _ => None,
    });
    if let Some((_, taken)) = winner {
        assert_eq!(taken, sealed, "{answers:?}");
    }
    let key = winner.and_then(|(claims, _)| claims.first());
    let mut acknowledged = 0;
    for answer in answers {
        match answer {
            Answer::Taken(claims, Taken::Again { secret: again, .. }) => {
                assert!(key.is_some() && claims.first() == key, "{answers:?}");
                assert_eq!(again, sealed, "{answers:?}");
            }
            Answer::Acknowledged(by, true) => {
                acknowledged += 1;
                assert_eq!(key, Some(by), "{answers:?}");
            }
            _ => {}
        }
    }
    assert!(acknowledged <= 1, "{answers:?}");
}

/// Asserts that each wrong passphrase used up one attempt, and that only the last one locked.
fn assert_attempts(answers: &[Answer], receipt_status: &ReceiptStatus) {
    let mut left: Vec<u32> = answers
        .iter()
        .filter_map(|answer| match answer {
            Answer::Taken(_, Taken::WrongPassphrase { attempts_left }) => Some(*attempts_left),
            _ => None,
        })
        .collect();
    left.sort_unstable();
    let all: Vec<u32> = (0..RULES.attempts).collect();
    assert_eq!(left, all[all.len() - left.len()..], "{answers:?}");
    assert_eq!(left.contains(&0), receipt_status.state == State::Locked, "{answers:?}");
}
