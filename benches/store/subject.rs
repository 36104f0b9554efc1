//! The store under test and the operations that are measured.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use tempfile::TempDir;
use viewonce::domain::clock::Clock;
use viewonce::domain::id::LookupId;
use viewonce::janitor::purge_all;
use viewonce::store::{Close, Purge, Store, Take, Taken};

use crate::common::Outcome;
use crate::common::numbered_secrets::{Sealer, Series, permuted};
use crate::common::prefilled::{LIFETIME, start};
use crate::common::rows::Rows;
use crate::common::times::histogram;

/// A measured operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Take,
    Miss,
    Purge,
}

impl Operation {
    pub(crate) const ALL: [Self; 4] = [Self::Create, Self::Take, Self::Miss, Self::Purge];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Take => "Take",
            Self::Miss => "Take of missing secrets",
            Self::Purge => "Purge of expired secrets",
        }
    }

    /// Whether its messages are sent in batches. A purge is sent alone and deletes many secrets.
    pub(crate) const fn has_batches(self) -> bool {
        !matches!(self, Self::Purge)
    }
}

/// The durations of one round.
pub(crate) struct Times {
    count: u64,
    elapsed: Duration,
    /// Nanoseconds of each batch, or of each message of a purge.
    pub(crate) each: Histogram<u64>,
}

impl Times {
    fn new(count: u64) -> Outcome<Self> {
        Ok(Self { count, elapsed: Duration::ZERO, each: histogram()? })
    }

    fn add(&mut self, elapsed: Duration) -> Outcome<()> {
        self.elapsed += elapsed;
        self.each.saturating_record(u64::try_from(elapsed.as_nanos())?);
        Ok(())
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }
}

/// A store in this process.
pub(crate) struct Subject {
    pub(crate) rows: Rows,
    store: Store,
    sealer: Sealer,
    /// The secrets of the latest round of creations.
    created: Series,
    _folder: Option<TempDir>,
}

impl Subject {
    pub(crate) fn open(rows: Rows) -> Outcome<Self> {
        let (path, folder) = match &rows {
            Rows::Living(prefilled) => (prefilled.path(), None),
            Rows::Empty => {
                let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
                (folder.path().join("viewonce.sqlite3"), Some(folder))
            }
        };
        let (store, sealer) = (start(&path)?, Sealer::new()?);
        Ok(Self { rows, store, sealer, created: new_series(0)?, _folder: folder })
    }

    pub(crate) async fn close(self) -> Outcome<()> {
        Ok(self.store.insist(Close).await?)
    }

    /// Measures `messages` messages in batches of `size`.
    pub(crate) async fn run(
        &mut self,
        operation: Operation,
        messages: u64,
        size: u64,
    ) -> Outcome<Times> {
        match operation {
            Operation::Create => self.create(messages, size).await,
            Operation::Take => self.take(messages, size).await,
            Operation::Miss => self.miss(messages, size).await,
            Operation::Purge => self.purge(messages).await,
        }
    }

    async fn create(&mut self, messages: u64, size: u64) -> Outcome<Times> {
        self.created = new_series(messages)?;
        let secrets = (0..messages).map(|number| self.sealer.seal(&self.created, number));
        let create = async |secret| Ok(self.store.ask(secret).await.map(drop)?);
        in_batches(secrets.collect::<Outcome<_>>()?, size, create).await
    }

    /// Takes secrets from all over the store; from one that was empty, those created last.
    async fn take(&mut self, messages: u64, size: u64) -> Outcome<Times> {
        let locate = |series, number| self.sealer.locate(series, number);
        let ids = match &mut self.rows {
            Rows::Empty => {
                let count = self.created.count;
                let numbers = (0..messages).map(|place| permuted(place, count));
                numbers.map(|number| locate(&self.created, number)).collect()
            }
            Rows::Living(prefilled) => {
                let numbers = prefilled.reserve(messages)?;
                numbers.map(|number| locate(prefilled.series(), number)).collect()
            }
        };
        self.take_each(ids, size, true).await
    }

    async fn miss(&self, messages: u64, size: u64) -> Outcome<Times> {
        let missing = match &self.rows {
            Rows::Empty => self.created.with_other_tokens()?,
            Rows::Living(prefilled) => prefilled.series().with_other_tokens()?,
        };
        let numbers = (0..messages).map(|place| permuted(place, missing.count));
        let ids = numbers.map(|number| self.sealer.locate(&missing, number)).collect();
        self.take_each(ids, size, false).await
    }

    async fn take_each(
        &self,
        ids: Vec<Vec<LookupId>>,
        size: u64,
        expect_found: bool,
    ) -> Outcome<Times> {
        let take = async |candidates| match self
            .store
            .ask(Take { candidates, redelivery_ids: Vec::new(), proof: None })
            .await?
        {
            Taken::Secret(_) if expect_found => Ok(()),
            Taken::Nothing if !expect_found => Ok(()),
            _ => {
                Err("the store found a secret that must be missing, or missed one that must exist"
                    .into())
            }
        };
        in_batches(ids, size, take).await
    }

    /// Adds expired secrets and measures each message that purges some of them.
    async fn purge(&self, secrets: u64) -> Outcome<Times> {
        purge_all(self.store.clone()).await?;
        let expired = Series::new(secrets, Clock::default().now().minus(Duration::from_secs(1)))?;
        let all = (0..secrets).map(|number| self.sealer.seal(&expired, number));
        let create = async |secret| Ok(self.store.ask(secret).await.map(drop)?);
        in_batches(all.collect::<Outcome<_>>()?, EXPIRED_BATCH, create).await?;
        let mut times = Times::new(secrets)?;
        loop {
            let started = Instant::now();
            let purged = self.store.insist(Purge).await?;
            times.add(started.elapsed())?;
            if purged.is_complete {
                return Ok(times);
            }
        }
    }
}

/// Concurrent creations while expired secrets are added, which is not measured.
const EXPIRED_BATCH: u64 = 512;

/// Secrets that expire after all stored ones.
fn new_series(count: u64) -> Outcome<Series> {
    Series::new(count, Clock::default().now().plus(LIFETIME))
}

/// Sends `messages` in batches of `size`. Times each batch, from its start to the last answer.
async fn in_batches<T>(
    messages: Vec<T>,
    size: u64,
    send: impl AsyncFn(T) -> Outcome<()>,
) -> Outcome<Times> {
    let mut times = Times::new(messages.len() as u64)?;
    let size = usize::try_from(size)?;
    let mut messages = messages.into_iter();
    loop {
        let batch: Vec<_> = messages.by_ref().take(size).map(|message| send(message)).collect();
        if batch.is_empty() {
            return Ok(times);
        }
        let started = Instant::now();
        try_join_all(batch).await?;
        times.add(started.elapsed())?;
    }
}
