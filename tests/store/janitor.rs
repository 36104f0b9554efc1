//! When the janitor has a store purge. The store here only notes when it was asked; time passes by
//! itself whenever nothing else is left to be done.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, timeout};
use viewonce::call::Call;
use viewonce::janitor::{JanitorActor, purge_all};
use viewonce::store::{
    Acknowledge, Burn, Close, Create, Inspect, Peek, Ping, Purge, Purged, Revoke, Store,
    StoreError, Survey, Take, Watch,
};

/// Between the beginnings of two rounds.
const INTERVAL: Duration = Duration::from_hours(1);
const COMPLETE: Answer = Ok(Purged { secrets: 5, is_complete: true });
const INCOMPLETE: Answer = Ok(Purged { secrets: 1_000, is_complete: false });

type Answer = Result<Purged, StoreError>;

#[actix_web::test]
async fn a_janitor_purges_at_the_start_and_then_every_interval() {
    assert_eq!(hours_of_purges(vec![COMPLETE; 5]).await, [0, 1, 2, 3, 4]);
}

#[actix_web::test]
async fn a_janitor_asks_again_at_once_until_a_purge_is_complete() {
    let answers = vec![INCOMPLETE, INCOMPLETE, COMPLETE, COMPLETE, INCOMPLETE, COMPLETE, COMPLETE];
    assert_eq!(hours_of_purges(answers).await, [0, 0, 0, 1, 2, 2, 3]);
}

#[actix_web::test]
async fn a_janitor_comes_again_after_a_purge_that_failed() {
    let failed = Err(StoreError::Failed(Arc::new(std::fmt::Error)));
    assert_eq!(hours_of_purges(vec![failed, INCOMPLETE, COMPLETE]).await, [0, 1, 1]);
}

#[actix_web::test]
async fn purge_all_counts_every_portion() {
    let (store, _purges) = note_purges(vec![INCOMPLETE, INCOMPLETE, COMPLETE]);
    assert_eq!(purge_all(store).await.unwrap(), 2_005);
}

/// The hours, from its start, at which a janitor asks a store that answers like this.
async fn hours_of_purges(answers: Vec<Answer>) -> Vec<u64> {
    tokio::time::pause();
    let start = Instant::now();
    let (store, mut purges) = note_purges(answers);
    let _janitor = JanitorActor::new(store, INTERVAL).start();
    let mut times = Vec::new();
    while let Ok(Some(time)) = timeout(3 * INTERVAL, purges.recv()).await {
        times.push(time);
    }
    times.iter().map(|&time| hours(time - start)).collect()
}

/// Whole hours, to the nearest minute: the janitor also counts the real time that its rounds take.
fn hours(duration: Duration) -> u64 {
    (duration + Duration::from_mins(1)).as_secs() / 3600
}

/// A store that answers purges like this and reports when they were asked for, to the last one.
fn note_purges(answers: Vec<Answer>) -> (Store, UnboundedReceiver<Instant>) {
    let (purges, noted) = mpsc::unbounded_channel();
    let address = NotingStore { answers: answers.into_iter(), purges }.start();
    (Store::new(&address), noted)
}

struct NotingStore {
    answers: std::vec::IntoIter<Answer>,
    purges: UnboundedSender<Instant>,
}

impl Actor for NotingStore {
    type Context = Context<Self>;
}

impl Handler<Call<Purge>> for NotingStore {
    type Result = ();

    fn handle(&mut self, call: Call<Purge>, context: &mut Self::Context) {
        self.purges.send(Instant::now()).unwrap();
        call.answer(self.answers.next().unwrap());
        if self.answers.len() == 0 {
            context.stop();
        }
    }
}

/// What a janitor never asks for.
macro_rules! ignore {
    ($($message:ty),*) => { $(
        impl Handler<Call<$message>> for NotingStore {
            type Result = ();

            fn handle(&mut self, _call: Call<$message>, _context: &mut Self::Context) {}
        }
    )* };
}

ignore!(Create, Take, Acknowledge, Peek, Burn, Inspect, Revoke, Watch, Survey, Ping, Close);
