//! Erasure under constant load: after the time limit no file contains the shred key of an ended secret,
//! while those of living ones are still found.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::mem;
use std::path::Path;
use std::time::{Duration, Instant};

use actix_web::rt::task::spawn_blocking;
use futures_util::future::{join, join_all};
use reqwest::Client;
use viewonce::crypto::format::Roots;

use super::LATE;
use super::service::{Api, ENDS, End, REDELIVERY, now, seal};
use super::traces::{Trace, found};
use crate::support::{keys, spawn_app_with};

/// Callers who store secrets all the time.
const CALLERS: usize = 4;
/// Ended secrets of each kind that must have been checked before the test is over. Fewer of the
/// locked ones, because stretching passphrases takes long.
const ENOUGH: usize = 12;
const LOCKED: usize = 2;
/// One secret in this many is large, with this many bytes.
const LARGE_ONE_IN: usize = 40;
const LARGE: usize = 60_000;
/// How long a service answers before a new secret must be erased: the secret ends within a second, and
/// must be erased within another.
const GRACE: Duration = Duration::from_millis(2_500);
/// A longer gap between two answers is a stall.
const MAX_GAP: Duration = Duration::from_millis(250);

/// Content number `n`: of some blocks or some pages, or a large one.
fn content(n: usize) -> String {
    "x".repeat(if n.is_multiple_of(LARGE_ONE_IN) { LARGE } else { 1 + n * 37 % 4_000 })
}

/// How secret number `n` ends: all kinds in rotation, with a few locks.
fn end(n: usize) -> End {
    match ENDS[n / CALLERS % ENDS.len()] {
        End::Lock if n >= LOCKED * ENDS.len() * CALLERS => End::View,
        end => end,
    }
}

/// Whether enough secrets of each kind have been checked.
fn is_enough(erased: &BTreeMap<End, usize>) -> bool {
    ENDS.iter().filter(|end| **end != End::Never).all(|end| {
        let enough = if *end == End::Lock { LOCKED } else { ENOUGH };
        erased.get(end).is_some_and(|count| *count >= enough)
    })
}

/// How long a service has been answering. Stalls of a disk or of a whole machine are excluded, because
/// nothing can be erased meanwhile.
struct Pulse {
    lived: Cell<Duration>,
    last_answer: Cell<Instant>,
}

impl Pulse {
    fn new() -> Self {
        Self { lived: Cell::default(), last_answer: Cell::new(Instant::now()) }
    }

    /// Counts an answer.
    fn answered(&self) {
        let gap = self.last_answer.replace(Instant::now()).elapsed();
        self.lived.set(self.lived.get() + gap.min(MAX_GAP));
    }
}

/// Asserts that no file contains a secret that is due, and that living ones are found. Counts the due
/// ones. `lived` is the service's time now, `stored_at` its time at each secret's creation.
async fn check(
    traces: Vec<Trace>,
    folder: &Path,
    lived: Duration,
    stored_at: &[Duration],
) -> (Vec<Trace>, BTreeMap<End, usize>) {
    let (started_at, folder) = (now(), folder.to_owned());
    let search = spawn_blocking(move || (found(&traces, &folder), traces));
    let (found, traces) = search.await.unwrap();
    let mut erased = BTreeMap::new();
    for (number, Trace { end, ended_at, .. }) in traces.iter().enumerate() {
        let has_lived = lived >= stored_at[number] + GRACE;
        match ended_at {
            None => assert!(found.contains(&number), "number {number} lives and is lost"),
            Some(at) if at.plus(LATE) <= started_at && has_lived => {
                assert!(!found.contains(&number), "number {number} is left: {end:?}");
                *erased.entry(*end).or_default() += 1;
            }
            Some(_) => {}
        }
    }
    (traces, erased)
}

#[actix_web::test]
async fn ended_secrets_are_erased_in_time_under_constant_load() {
    let app = spawn_app_with(|settings| {
        settings.store.erase_seconds = 1;
        settings.secrets.redeliver_seconds = REDELIVERY.as_secs();
        settings.secrets.max_attempts = 1;
    });
    let api = Api { client: Client::new(), address: app.url("") };
    let (roots, folder) = (Roots::derive(&keys()), app.folder.path().join("db"));
    let (new, is_over, pulse) = (RefCell::new(Vec::new()), Cell::new(false), Pulse::new());
    let caller = async |caller: usize| {
        for n in (caller..).step_by(CALLERS).take_while(|_| !is_over.get()) {
            let (create, mut trace) = seal(&roots, &content(n), end(n));
            app.store.insist(create).await.unwrap();
            trace.ended_at = api.end(&trace.token, trace.end).await;
            pulse.answered();
            new.borrow_mut().push((trace, pulse.lived.get()));
        }
    };
    let checks = async {
        let (mut traces, mut stored_at, mut erased) = (Vec::new(), Vec::new(), BTreeMap::new());
        while !is_enough(&erased) {
            for (trace, lived) in mem::take(&mut *new.borrow_mut()) {
                traces.push(trace);
                stored_at.push(lived);
            }
            (traces, erased) = check(traces, &folder, pulse.lived.get(), &stored_at).await;
        }
        is_over.set(true);
    };
    join(join_all((0..CALLERS).map(caller)), checks).await;
    app.stop().await;
}
