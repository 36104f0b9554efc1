//! A backend under test, and the [`Subject`]: a store that runs on one.

use std::time::Duration;

use futures_util::future;
use viewonce::domain::clock::Clock;
use viewonce::domain::id::LookupId;
use viewonce::domain::secret::SealedSecret;
use viewonce::runtime::lifeline::Ended;
use viewonce::store::{
    Bounds, Burn, Close, Create, Inspect, Peek, ReceiptStatus, Revoke, Rules, State, Store, Take,
    Taken,
};

use crate::samples::{
    HOUR, Terms, acknowledgement, create_of, lookup_id, only, receipt, secret, take_of,
};

/// Mailbox size that suffices for all concurrent messages of a test.
const MAILBOX: usize = 10_000;

/// The rules that the stores apply.
pub(crate) const RULES: Rules = Rules {
    attempts: 3,
    redelivery: Duration::from_mins(1),
    receipts_kept: Duration::from_hours(168),
    erase_within: Duration::MAX,
    bounds: Bounds::NONE,
};

/// The storage of a store. Dropping it deletes its content.
pub(crate) trait Backend {
    /// New, empty storage.
    fn fresh() -> Self;

    /// Starts a store on this storage. The second value resolves when the store has ended.
    fn start(&self, rules: Rules, clock: Clock, mailbox: usize) -> (Store, Ended);
}

/// A running store, and the clock that it reads.
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

    /// An empty store whose mailbox holds `mailbox` messages.
    pub(crate) async fn start_with_mailbox(mailbox: usize) -> Self {
        let subject = Self::start_on(B::fresh(), RULES, Clock::default(), mailbox);
        // A ping would have to be answered within seconds.
        subject.store.ask(Peek(Vec::new())).await.unwrap();
        subject
    }

    /// An empty store with these rules.
    pub(crate) fn start_with(rules: Rules) -> Self {
        Self::start_on(B::fresh(), rules, Clock::default(), MAILBOX)
    }

    /// An empty store that has not processed a message yet.
    pub(crate) fn start_just_now() -> Self {
        Self::start_with(RULES)
    }

    /// A store on existing storage.
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

    /// Starts another store on the content of this one, which is closed.
    pub(crate) fn reopen(self) -> Self {
        self.reopen_with(RULES)
    }

    fn reopen_with(self, rules: Rules) -> Self {
        Self::start_on(self.backend, rules, self.clock, MAILBOX)
    }

    /// Closes the store and immediately starts another on the same content.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(RULES).await
    }

    /// Closes the store and immediately starts another with the same content and these rules.
    pub(crate) async fn restart_with(self, rules: Rules) -> Self {
        self.store.insist(Close).await.unwrap();
        self.reopen_with(rules)
    }

    /// Secret number `n`, with a lifetime of an hour.
    pub(crate) fn secret(&self, n: u32) -> SealedSecret {
        secret(n, self.clock.now().plus(HOUR))
    }

    /// Stores secret number `n`, with a lifetime of an hour.
    pub(crate) async fn create(&self, n: u32) -> SealedSecret {
        let secret = self.secret(n);
        self.store.ask(create_of(secret.clone())).await.unwrap();
        secret
    }

    /// Stores these secrets concurrently, with a lifetime of an hour.
    pub(crate) async fn create_all(&self, numbers: impl IntoIterator<Item = u32>) {
        future::join_all(numbers.into_iter().map(|n| self.create(n))).await;
    }

    /// Secret number `n` on these terms, with a lifetime of an hour.
    pub(crate) fn new_secret(&self, n: u32, terms: Terms) -> Create {
        terms.of(n, self.secret(n))
    }

    /// Stores secret number `n` on these terms, with a lifetime of an hour.
    pub(crate) async fn create_with(&self, n: u32, terms: Terms) -> SealedSecret {
        let secret = self.new_secret(n, terms);
        self.store.ask(secret.clone()).await.unwrap();
        secret.secret
    }

    /// Stores these secrets on these terms, concurrently, with a lifetime of an hour.
    pub(crate) async fn create_all_with(
        &self,
        numbers: impl IntoIterator<Item = u32>,
        terms: Terms,
    ) {
        future::join_all(numbers.into_iter().map(|n| self.create_with(n, terms))).await;
    }

    /// Whether the store has secret number `n`. Changes nothing.
    pub(crate) async fn has(&self, n: u32) -> bool {
        self.store.ask(Peek(only(n))).await.unwrap().is_some()
    }

    /// Takes secret number `n`.
    pub(crate) async fn take(&self, n: u32) -> Option<SealedSecret> {
        self.take_any(&[lookup_id(n)]).await
    }

    /// The answer to `take`.
    pub(crate) async fn ask(&self, take: Take) -> Taken {
        self.store.ask(take).await.unwrap()
    }

    /// Burns secret number `n`; returns whether it existed.
    pub(crate) async fn burn(&self, n: u32) -> bool {
        self.store.ask(Burn(only(n))).await.unwrap()
    }

    /// Ends the repeat of secret number `n` with this key; returns whether there was one.
    pub(crate) async fn acknowledge(&self, n: u32, key: u32) -> bool {
        self.store.ask(acknowledgement(n, key)).await.unwrap()
    }

    /// The status that the receipt of secret number `n` reports, if the receipt is kept.
    pub(crate) async fn receipt_status(&self, n: u32) -> Option<ReceiptStatus> {
        self.store.ask(Inspect(receipt(n))).await.unwrap()
    }

    /// The state of secret number `n`, whose receipt must be kept.
    pub(crate) async fn state(&self, n: u32) -> State {
        self.receipt_status(n).await.unwrap().state
    }

    /// Revokes secret number `n`; returns the status of its receipt.
    pub(crate) async fn revoke(&self, n: u32) -> Option<ReceiptStatus> {
        self.store.ask(Revoke(receipt(n))).await.unwrap()
    }

    /// Takes a secret that has one of these ids.
    pub(crate) async fn take_any(&self, candidates: &[LookupId]) -> Option<SealedSecret> {
        taken(self.store.ask(take_of(candidates.to_vec())).await.unwrap())
    }
}

/// The secret, if one was returned. Panics if the secret needs more than its token.
pub(crate) fn taken(taken: Taken) -> Option<SealedSecret> {
    match taken {
        Taken::Secret(sealed) => Some(sealed),
        Taken::Nothing => None,
        refused => panic!("{refused:?}"),
    }
}
