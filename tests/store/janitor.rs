//! When the janitor purges. The store in these tests only records the requests; Tokio's paused clock
//! advances by itself when all tasks are idle.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use chrono::TimeDelta;
use futures_util::future::join;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, sleep, timeout};
use viewonce::domain::clock::Clock;
use viewonce::janitor::{JanitorActor, purge_all};
use viewonce::metrics::StoreMetrics;
use viewonce::runtime::lifeline::Lifelines;
use viewonce::store::{Command, Purged, Store, StoreError};

/// Between the starts of two rounds.
const INTERVAL: Duration = Duration::from_hours(1);
const COMPLETE: Answer = Ok(Purged { secrets: 5, is_complete: true });
const INCOMPLETE: Answer = Ok(Purged { secrets: 1_000, is_complete: false });

type Answer = Result<Purged, StoreError>;

#[actix_web::test]
async fn a_janitor_purges_at_the_start_and_then_every_interval() {
    assert_eq!(hours_of_purges(vec![COMPLETE; 5]).await, [0, 1, 2, 3, 4]);
}

#[actix_web::test]
async fn a_janitor_repeats_an_incomplete_purge_at_once() {
    let answers = vec![INCOMPLETE, INCOMPLETE, COMPLETE, COMPLETE, INCOMPLETE, COMPLETE, COMPLETE];
    assert_eq!(hours_of_purges(answers).await, [0, 0, 0, 1, 2, 2, 3]);
}

#[actix_web::test]
async fn a_janitor_retries_a_failed_purge_within_a_second() {
    let failed = || Err(StoreError::Failed(Arc::new(std::fmt::Error)));
    let answers = vec![failed(), failed(), INCOMPLETE, COMPLETE, COMPLETE];
    let times = times_of_purges(answers, &Clock::default()).await;
    assert_eq!(times.iter().copied().map(hours).collect::<Vec<_>>(), [0, 0, 0, 0, 1]);
    assert!(Duration::ZERO < times[1] && times[1] <= Duration::from_secs(1));
    assert!(times[1] < times[2] && times[2] <= Duration::from_secs(2));
}

#[actix_web::test]
async fn a_janitor_follows_a_jump_forward_that_has_lasted_for_a_round_and_purges_at_once() {
    assert_follows(TimeDelta::hours(24)).await;
}

#[actix_web::test]
async fn a_janitor_follows_a_jump_back_that_has_lasted_for_a_round() {
    assert_follows(-TimeDelta::hours(24)).await;
}

async fn assert_follows(jump: TimeDelta) {
    let clock = Clock::default();
    clock.set_wall(jump);
    let times = times_of_purges(vec![COMPLETE; 4], &clock).await;
    assert_eq!(times.into_iter().map(hours).collect::<Vec<_>>(), [0, 1, 1, 2]);
    assert_eq!(clock.jump(), None);
}

#[actix_web::test]
async fn a_janitor_follows_no_more_of_a_jump_than_has_lasted_for_a_round() {
    let clock = Clock::default();
    clock.set_wall(TimeDelta::hours(24));
    let more = async {
        sleep(INTERVAL * 3 / 4).await;
        clock.set_wall(TimeDelta::hours(24));
        sleep(INTERVAL / 2).await;
        clock.jump()
    };
    let (times, left) = join(times_of_purges(vec![COMPLETE; 4], &clock), more).await;
    // The janitor detects the remaining jump in its next check; that has to last for another round.
    assert_eq!(times.into_iter().map(hours).collect::<Vec<_>>(), [0, 1, 1, 2]);
    let left = left.unwrap() - TimeDelta::hours(24);
    assert!(left.abs() < TimeDelta::minutes(1), "{left}");
}

#[actix_web::test]
async fn a_janitor_does_not_follow_a_jump_of_the_clock_that_is_undone() {
    let clock = Clock::default();
    clock.set_wall(TimeDelta::hours(24));
    let undo_and_redo = async {
        sleep(INTERVAL / 2).await;
        clock.set_wall(-TimeDelta::hours(24));
        sleep(INTERVAL).await;
        clock.set_wall(TimeDelta::hours(24));
    };
    let times = times_of_purges(vec![COMPLETE; 5], &clock);
    let (times, ()) = join(times, undo_and_redo).await;
    assert_eq!(times.into_iter().map(hours).collect::<Vec<_>>(), [0, 1, 2, 3, 3]);
}

#[actix_web::test]
async fn purge_all_counts_every_portion() {
    let (store, _purges) = note_purges(vec![INCOMPLETE, INCOMPLETE, COMPLETE]);
    assert_eq!(purge_all(store).await.unwrap(), 2_005);
}

/// The hours since its start at which a janitor sends purges to a store with these answers.
async fn hours_of_purges(answers: Vec<Answer>) -> Vec<u64> {
    let times = times_of_purges(answers, &Clock::default()).await;
    times.into_iter().map(hours).collect()
}

/// The times since its start at which a janitor sends purges to a store with these answers.
async fn times_of_purges(answers: Vec<Answer>, clock: &Clock) -> Vec<Duration> {
    tokio::time::pause();
    let start = Instant::now();
    let (store, mut purges) = note_purges(answers);
    let lifeline = Lifelines::new().0.of("janitor");
    let _janitor = JanitorActor::new(store, clock.clone(), INTERVAL, lifeline).start();
    let mut times = Vec::new();
    while let Ok(Some(time)) = timeout(3 * INTERVAL, purges.recv()).await {
        times.push(time - start);
    }
    times
}

/// Whole hours, to the nearest minute: the janitor also counts the real time that its rounds take.
fn hours(duration: Duration) -> u64 {
    (duration + Duration::from_mins(1)).as_secs() / 3600
}

/// A store that gives these answers to purges and reports when each was requested, up to the last one.
fn note_purges(answers: Vec<Answer>) -> (Store, UnboundedReceiver<Instant>) {
    let (purges, noted) = mpsc::unbounded_channel();
    let address = NotingStore { answers: answers.into_iter(), purges }.start();
    let metrics = Arc::new(StoreMetrics::new(Clock::default()));
    (Store::new(address.recipient(), metrics, Arc::default()), noted)
}

struct NotingStore {
    answers: std::vec::IntoIter<Answer>,
    purges: UnboundedSender<Instant>,
}

impl Actor for NotingStore {
    type Context = Context<Self>;
}

impl Handler<Command> for NotingStore {
    type Result = ();

    fn handle(&mut self, command: Command, context: &mut Self::Context) {
        let Command::Purge(_, reply) = command else {
            unreachable!("a janitor asks for nothing else")
        };
        self.purges.send(Instant::now()).unwrap();
        reply.send(self.answers.next().unwrap());
        if self.answers.len() == 0 {
            context.stop();
        }
    }
}
