//! A backend under test, and the [`Subject`]: a store that runs on one.

use std::time::Duration;

use futures_util::future;
use tokio::sync::oneshot;
use viewonce::clock::Clock;
use viewonce::id::LookupId;
use viewonce::secret::SealedSecret;
use viewonce::store::{Rules, Store, Taken};

use crate::samples::{HOUR, lookup_id, only, secret};

/// Room for all that a test sends at once, if it does not ask for less.
const MAILBOX: usize = 10_000;

/// What the stores go by.
pub(crate) const RULES: Rules = Rules {
    attempts: 3,
    redelivery: Duration::from_mins(1),
    receipts_kept: Duration::from_hours(168),
};

/// Where a store has its content. Dropping it drops the content, too.
pub(crate) trait Backend {
    /// A place that holds nothing yet.
    fn fresh() -> Self;

    /// Starts a store there. What it returns besides resolves when the store has ended.
    fn start(&self, rules: Rules, clock: Clock, mailbox: usize) -> (Store, oneshot::Receiver<()>);
}

/// A running store, and the clock it goes by.
pub(crate) struct Subject<B> {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) ended: oneshot::Receiver<()>,
    pub(crate) backend: B,
}

impl<B: Backend> Subject<B> {
    /// An empty store.
    pub(crate) async fn start() -> Self {
        Self::start_with_mailbox(MAILBOX).await
    }

    /// An empty store that lets `mailbox` messages wait.
    pub(crate) async fn start_with_mailbox(mailbox: usize) -> Self {
        let subject = Self::start_on(B::fresh(), Clock::default(), mailbox);
        subject.store.ping().await.unwrap();
        subject
    }

    /// An empty store that has not done anything yet.
    pub(crate) fn start_just_now() -> Self {
        Self::start_on(B::fresh(), Clock::default(), MAILBOX)
    }

    fn start_on(backend: B, clock: Clock, mailbox: usize) -> Self {
        let (store, ended) = backend.start(RULES, clock.clone(), mailbox);
        Self { store, clock, ended, backend }
    }

    /// Closes the store.
    pub(crate) async fn close(self) -> B {
        self.store.close().await.unwrap();
        self.backend
    }

    /// Starts another store where this one, which is closed, has its content.
    pub(crate) fn reopen(self) -> Self {
        Self::start_on(self.backend, self.clock, MAILBOX)
    }

    /// Closes the store, and at once starts another with the same content.
    pub(crate) async fn restart(self) -> Self {
        self.store.close().await.unwrap();
        self.reopen()
    }

    /// Secret number `n`, with an hour to live.
    pub(crate) fn secret(&self, n: u32) -> SealedSecret {
        secret(n, self.clock.now().plus(HOUR))
    }

    /// Stores secret number `n`, with an hour to live.
    pub(crate) async fn create(&self, n: u32) -> SealedSecret {
        let secret = self.secret(n);
        self.store.create(secret.clone()).await.unwrap();
        secret
    }

    /// Stores these secrets, all at once, with an hour to live.
    pub(crate) async fn create_all(&self, numbers: impl IntoIterator<Item = u32>) {
        future::join_all(numbers.into_iter().map(|n| self.create(n))).await;
    }

    /// Whether secret number `n` is there, which this does not change.
    pub(crate) async fn has(&self, n: u32) -> bool {
        self.store.peek(only(n)).await.unwrap().is_some()
    }

    /// Takes secret number `n`.
    pub(crate) async fn take(&self, n: u32) -> Option<SealedSecret> {
        self.take_any(&[lookup_id(n)]).await
    }

    /// Takes a secret that has one of these ids.
    pub(crate) async fn take_any(&self, candidates: &[LookupId]) -> Option<SealedSecret> {
        taken(self.store.take(candidates.to_vec()).await.unwrap())
    }
}

/// What was taken, if there was something that takes no more than its token.
pub(crate) fn taken(taken: Taken) -> Option<SealedSecret> {
    match taken {
        Taken::Secret(sealed) => Some(sealed),
        Taken::Nothing => None,
        refused => panic!("{refused:?}"),
    }
}
