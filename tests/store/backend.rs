//! A backend under test, and the [`Subject`]: a store that runs on one.

use std::time::Duration;

use futures_util::future;
use viewonce::domain::clock::Clock;
use viewonce::domain::id::LookupId;
use viewonce::domain::secret::SealedSecret;
use viewonce::runtime::lifeline::Ended;
use viewonce::store::{
    Acknowledge, Bounds, Burn, Close, Create, Inspect, Peek, ReceiptStatus, Revoke, Rules, State,
    Store, Take, Taken,
};

use crate::samples::{
    HOUR, Terms, create_of, lookup_id, only, receipt, redelivery_id, secret, take_of,
};

/// Mailbox size that suffices for all concurrent messages of a test.
const MAILBOX: usize = 10_000;

/// What the stores go by.
pub(crate) const RULES: Rules = Rules {
    attempts: 3,
    redelivery: Duration::from_mins(1),
    receipts_kept: Duration::from_hours(168),
    bounds: Bounds::NONE,
};

/// The storage of a store. Dropping it deletes its content.
pub(crate) trait Backend {
    /// A place that holds nothing yet.
    fn fresh() -> Self;

    /// Starts a store there. What it returns besides resolves when the store has ended.
    fn start(&self, rules: Rules, clock: Clock, mailbox: usize) -> (Store, Ended);
}

/// A running store, and the clock it goes by.
pub(crate) struct Subject<B> {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) ended: Ended,
    pub(crate) backend: B,
}

impl<B: Backend> Subject<B> {
    /// An empty store.
    pub(crate) async fn start() -> Self {
        Self::start_with_mailbox(MAILBOX).await
    }

    /// An empty store that lets `mailbox` messages wait.
    pub(crate) async fn start_with_mailbox(mailbox: usize) -> Self {
        let subject = Self::start_on(B::fresh(), RULES, Clock::default(), mailbox);
        // Not by a ping, which has to be answered within seconds.
        subject.store.ask(Peek(Vec::new())).await.unwrap();
        subject
    }

    /// An empty store that goes by other rules.
    pub(crate) fn start_with(rules: Rules) -> Self {
        Self::start_on(B::fresh(), rules, Clock::default(), MAILBOX)
    }

    /// An empty store that has not done anything yet.
    pub(crate) fn start_just_now() -> Self {
        Self::start_with(RULES)
    }

    /// A store on what is there already.
    pub(crate) fn start_in(backend: B) -> Self {
        Self::start_on(backend, RULES, Clock::default(), MAILBOX)
    }

    fn start_on(backend: B, rules: Rules, clock: Clock, mailbox: usize) -> Self {
        let (store, ended) = backend.start(rules, clock.clone(), mailbox);
        Self { store, clock, ended, backend }
    }

    /// Closes the store.
    pub(crate) async fn close(self) -> B {
        self.store.insist(Close).await.unwrap();
        self.backend
    }

    /// Starts another store where this one, which is closed, has its content.
    pub(crate) fn reopen(self) -> Self {
        self.reopen_with(RULES)
    }

    fn reopen_with(self, rules: Rules) -> Self {
        Self::start_on(self.backend, rules, self.clock, MAILBOX)
    }

    /// Closes the store, and at once starts another on the same content.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(RULES).await
    }

    /// Closes the store, and at once starts another with the same content and other rules.
    pub(crate) async fn restart_with(self, rules: Rules) -> Self {
        self.store.insist(Close).await.unwrap();
        self.reopen_with(rules)
    }

    /// Secret number `n`, with an hour to live.
    pub(crate) fn secret(&self, n: u32) -> SealedSecret {
        secret(n, self.clock.now().plus(HOUR))
    }

    /// Stores secret number `n`, with an hour to live.
    pub(crate) async fn create(&self, n: u32) -> SealedSecret {
        let secret = self.secret(n);
        self.store.ask(create_of(secret.clone())).await.unwrap();
        secret
    }

    /// Stores these secrets, all at once, with an hour to live.
    pub(crate) async fn create_all(&self, numbers: impl IntoIterator<Item = u32>) {
        future::join_all(numbers.into_iter().map(|n| self.create(n))).await;
    }

    /// Secret number `n` on these terms, with an hour to live.
    pub(crate) fn new_secret(&self, n: u32, terms: Terms) -> Create {
        terms.of(n, self.secret(n))
    }

    /// Stores secret number `n` on these terms, with an hour to live.
    pub(crate) async fn create_with(&self, n: u32, terms: Terms) -> SealedSecret {
        let secret = self.new_secret(n, terms);
        self.store.ask(secret.clone()).await.unwrap();
        secret.secret
    }

    /// Stores these secrets on these terms, all at once, with an hour to live.
    pub(crate) async fn create_all_with(
        &self,
        numbers: impl IntoIterator<Item = u32>,
        terms: Terms,
    ) {
        future::join_all(numbers.into_iter().map(|n| self.create_with(n, terms))).await;
    }

    /// Whether secret number `n` is there, which this does not change.
    pub(crate) async fn has(&self, n: u32) -> bool {
        self.store.ask(Peek(only(n))).await.unwrap().is_some()
    }

    /// Takes secret number `n`.
    pub(crate) async fn take(&self, n: u32) -> Option<SealedSecret> {
        self.take_any(&[lookup_id(n)]).await
    }

    /// What comes of `take`.
    pub(crate) async fn ask(&self, take: Take) -> Taken {
        self.store.ask(take).await.unwrap()
    }

    /// Burns secret number `n`; tells whether there was one.
    pub(crate) async fn burn(&self, n: u32) -> bool {
        self.store.ask(Burn(only(n))).await.unwrap()
    }

    /// Ends the repeat of secret number `n` with this key; tells whether there was one.
    pub(crate) async fn acknowledge(&self, n: u32, key: u32) -> bool {
        self.store.ask(Acknowledge(vec![redelivery_id(n, key)])).await.unwrap()
    }

    /// What the receipt of secret number `n` tells, if it is kept.
    pub(crate) async fn fate(&self, n: u32) -> Option<ReceiptStatus> {
        self.store.ask(Inspect(receipt(n))).await.unwrap()
    }

    /// What became of secret number `n`, whose receipt is kept.
    pub(crate) async fn state(&self, n: u32) -> State {
        self.fate(n).await.unwrap().state
    }

    /// Revokes secret number `n`; tells what became of it.
    pub(crate) async fn revoke(&self, n: u32) -> Option<ReceiptStatus> {
        self.store.ask(Revoke(receipt(n))).await.unwrap()
    }

    /// Takes a secret that has one of these ids.
    pub(crate) async fn take_any(&self, candidates: &[LookupId]) -> Option<SealedSecret> {
        taken(self.store.ask(take_of(candidates.to_vec())).await.unwrap())
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
