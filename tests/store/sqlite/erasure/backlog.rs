//! Erasure does not wait for a backlog of purges: a secret that is viewed while many expired ones are
//! still to be deleted is erased in time.

use std::ops::{Range, RangeFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix_web::rt::task::spawn_blocking;
use futures_util::future;
use viewonce::domain::clock::Timestamp;
use viewonce::store::{Purge, Store};

use super::super::Sqlite;
use super::{LATE, found};
use crate::backend::Backend as _;
use crate::metric::metric;
use crate::paused_store::hold;
use crate::samples::{HOUR, create_of, only, secret_of_size, take_of};
use crate::support::{TestApp, spawn_app_with};

/// What expires at once: so much that the store is at it for longer than erasing may take.
const BACKLOG: u32 = 5_000;
/// So many of them as several purges delete: the store has had its turns to erase.
const PURGED: u64 = 1_000;
/// How long the store stands still again and again, as on a slow disk; between two times it purges
/// once or twice.
const STANDSTILL: Duration = Duration::from_millis(200);
/// The first number of those that are stored before the large one, and how many are.
const FILLING: u32 = 10_000;
const FILLING_SECRETS: u32 = 500;
/// The numbers that the large one may have, and its size: with the filling it makes the write-ahead
/// log so long that its end, where the large one is, is overwritten by nothing.
const LARGE: RangeFrom<u32> = 20_001..;
const LARGE_MARKS: usize = 100_000;
/// The numbers of what callers store and view meanwhile.
const SMALL: RangeFrom<u32> = 30_000..;
/// Callers who store and view small ones all the time.
const CALLERS: usize = 4;

/// Has a store stand still again and again.
struct Slow {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Slow {
    fn make(store: Store) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            while !until.load(Ordering::SeqCst) {
                let held = hold(&store);
                thread::sleep(STANDSTILL);
                drop(held);
            }
        });
        Self { is_over, thread }
    }

    fn end(self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
    }
}

/// A running service that has one second to erase, and a backlog that expires in an hour.
async fn app_with_backlog(backend: &Sqlite) -> TestApp {
    let app = spawn_app_with(|settings| {
        settings.server.mailbox = 10_000;
        settings.store.path = backend.database();
        settings.store.erase_seconds = 1;
    });
    come(&app, 0..BACKLOG, HOUR).await;
    app
}

/// Stores small secrets.
async fn come(app: &TestApp, numbers: Range<u32>, lifetime: Duration) {
    let expires_at = app.clock.now().plus(lifetime);
    let creates = numbers.map(|n| app.store.ask(create_of(secret_of_size(n, 1, expires_at))));
    future::try_join_all(creates).await.unwrap();
}

/// When something was gone: the time, and how much had been purged by then.
#[derive(Clone, Copy)]
struct Gone {
    at: Timestamp,
    purged: u64,
}

impl Gone {
    fn now(app: &TestApp) -> Self {
        let purged = metric(&app.store, "viewonce_secrets_expired_total").unwrap();
        Self { at: app.clock.now(), purged }
    }

    /// Whether it has to be erased by now. The store has to have had its turns, too: a machine may stand
    /// still.
    fn is_due(self, now: Self) -> bool {
        self.at.plus(LATE) <= now.at && self.purged + PURGED <= now.purged
    }
}

/// Stores secret number `n` and views it; returns when it was gone.
async fn come_and_go(app: &TestApp, n: u32, marks: usize) -> Gone {
    let secret = secret_of_size(n, marks, app.clock.now().plus(2 * HOUR));
    app.store.ask(create_of(secret)).await.unwrap();
    app.store.ask(take_of(only(n))).await.unwrap();
    Gone::now(app)
}

/// Has a large secret be viewed that leaves traces in the log, and then the backlog expire. Returns
/// its number, and when it was gone.
async fn view_before_the_backlog(app: &TestApp, backend: &Sqlite) -> (u32, Gone) {
    for (round, large) in (0..).zip(LARGE) {
        app.store.insist(Purge).await.unwrap();
        let first = FILLING + round * FILLING_SECRETS;
        come(app, first..first + FILLING_SECRETS, 2 * HOUR).await;
        let gone = come_and_go(app, large, LARGE_MARKS).await;
        // The janitor may have had its turn meanwhile.
        let _held = hold(&app.store);
        if found(backend).contains(&large) {
            app.clock.advance(HOUR);
            return (large, Gone { at: gone.at.plus(HOUR), ..gone });
        }
    }
    unreachable!("the numbers do not end")
}

#[actix_web::test]
async fn what_was_viewed_is_erased_in_time_though_a_backlog_is_purged() {
    let backend = Arc::new(Sqlite::fresh());
    let app = app_with_backlog(&backend).await;
    let (large, large_gone) = view_before_the_backlog(&app, &backend).await;
    let slow = Slow::make(app.store.clone());
    let caller = async |number: usize| {
        let mut gone = Vec::new();
        for n in SMALL.skip(number).step_by(CALLERS) {
            gone.push((n, come_and_go(&app, n, 1).await));
            if large_gone.is_due(Gone::now(&app)) {
                break;
            }
        }
        gone
    };
    let gone = future::join_all((0..CALLERS).map(caller)).await;
    let begun = Gone::now(&app);
    assert!(begun.purged < BACKLOG.into(), "the backlog has come to its end");
    let files = Arc::clone(&backend);
    let found = spawn_blocking(move || found(&files)).await.unwrap();
    slow.end();
    for (n, gone) in gone.into_iter().flatten().chain([(large, large_gone)]) {
        assert!(!gone.is_due(begun) || !found.contains(&n), "{n} is left");
    }
    app.stop().await;
}
