//! Erasure under constant load, in the real binary: an ended secret is in no file after the time limit,
//! and a living one still is.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::mem;
use std::path::Path;
use std::time::{Duration, Instant};

use actix_web::rt::task::spawn_blocking;
use futures_util::future::{join, join_all};

use super::LATE;
use super::service::{ENDS, End, TestService, now};
use super::traces::{Trace, found};

/// Callers who confide secrets all the time.
const CALLERS: usize = 4;
/// Secrets of each end that have been looked for in vain before the test is over; of those that are
/// locked, whose passphrases take their time, fewer.
const ENOUGH: usize = 12;
const LOCKED: usize = 2;
/// One secret in so many is so large.
const LARGE_ONE_IN: usize = 40;
const LARGE: usize = 60_000;
/// How long a service goes on answering before it must have erased what was confided to it: that ends
/// within a second, and has to be erased within another.
const TURNS: Duration = Duration::from_millis(2_500);
/// The longest between two answers that is no standstill.
const BEAT: Duration = Duration::from_millis(250);

/// A service that has one second to erase.
fn start() -> TestService {
    let folder = tempfile::tempdir().unwrap();
    TestService::start(folder, |command| command.env("VIEWONCE_STORE__ERASE_SECONDS", "1"))
}

/// Content number `n`: of some blocks or some pages, or a large one.
fn content(n: usize) -> String {
    "x".repeat(if n.is_multiple_of(LARGE_ONE_IN) { LARGE } else { 1 + n * 37 % 4_000 })
}

/// How number `n` ends: by turns, but for a few that are locked.
fn end(n: usize) -> End {
    match ENDS[n / CALLERS % ENDS.len()] {
        End::Lock if n >= LOCKED * ENDS.len() * CALLERS => End::View,
        end => end,
    }
}

/// Whether secrets of each end have been looked for often enough.
fn is_enough(erased: &BTreeMap<End, usize>) -> bool {
    ENDS.iter().filter(|end| **end != End::Never).all(|end| {
        let enough = if *end == End::Lock { LOCKED } else { ENOUGH };
        erased.get(end).is_some_and(|count| *count >= enough)
    })
}

/// How long a service has gone on answering. What stands still, a disk or a whole machine, erases
/// nothing meanwhile.
struct Pulse {
    lived: Cell<Duration>,
    beaten_at: Cell<Instant>,
}

impl Pulse {
    fn new() -> Self {
        Self { lived: Cell::default(), beaten_at: Cell::new(Instant::now()) }
    }

    /// Counts an answer.
    fn beat(&self) {
        let rest = self.beaten_at.replace(Instant::now()).elapsed();
        self.lived.set(self.lived.get() + rest.min(BEAT));
    }
}

/// Asserts that of those whose time is up nothing is found, and of those that live something is.
/// Counts the former. The service has lived for so long, and when each was confided, for so long.
async fn look(
    traces: Vec<Trace>,
    folder: &Path,
    lived: Duration,
    confided: &[Duration],
) -> (Vec<Trace>, BTreeMap<End, usize>) {
    let (begun, folder) = (now(), folder.to_owned());
    let looking = spawn_blocking(move || (found(&traces, &folder), traces));
    let (found, traces) = looking.await.unwrap();
    let mut erased = BTreeMap::new();
    for (number, Trace { end, ended_at, .. }) in traces.iter().enumerate() {
        let has_lived = lived >= confided[number] + TURNS;
        match ended_at {
            None => assert!(found.contains(&number), "number {number} lives and is lost"),
            Some(at) if at.plus(LATE) <= begun && has_lived => {
                assert!(!found.contains(&number), "number {number} is left: {end:?}");
                *erased.entry(*end).or_default() += 1;
            }
            Some(_) => {}
        }
    }
    (traces, erased)
}

#[actix_web::test]
async fn whatever_has_ended_is_erased_in_time_under_constant_load() {
    let service = start();
    let folder = service.service.folder.path().join("storage/db");
    let (new, is_over, pulse) = (RefCell::new(Vec::new()), Cell::new(false), Pulse::new());
    let caller = async |caller: usize| {
        for n in (caller..).step_by(CALLERS).take_while(|_| !is_over.get()) {
            let trace = service.store_and_end(&content(n), end(n)).await;
            pulse.beat();
            new.borrow_mut().push((trace, pulse.lived.get()));
        }
    };
    let looks = async {
        let (mut traces, mut confided, mut erased) = (Vec::new(), Vec::new(), BTreeMap::new());
        while !is_enough(&erased) {
            for (trace, lived) in mem::take(&mut *new.borrow_mut()) {
                traces.push(trace);
                confided.push(lived);
            }
            (traces, erased) = look(traces, &folder, pulse.lived.get(), &confided).await;
        }
        is_over.set(true);
    };
    join(join_all((0..CALLERS).map(caller)), looks).await;
    service.service.stop();
}
