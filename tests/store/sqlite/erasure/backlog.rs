//! Erasure does not wait for a backlog of purges: a secret that is viewed while many expired secrets
//! await deletion is erased in time.

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
use crate::paused_store::pause;
use crate::samples::{HOUR, create_of, only, secret_of_size, take_of};
use crate::support::{TestApp, spawn_app_with};

/// Secrets that expire together: deleting them takes longer than erasure may.
const BACKLOG: u32 = 5_000;
/// Several purges delete this many secrets: by then the store must have erased.
const PURGED: u64 = 1_000;
/// How long each pause of the store lasts, as on a slow disk; between two pauses the store purges once
/// or twice.
const STANDSTILL: Duration = Duration::from_millis(200);
/// The first number of the secrets stored before the large one, and their count.
const FILLING: u32 = 10_000;
const FILLING_SECRETS: u32 = 500;
/// The candidate numbers of the large secret, and its size. With the filling it makes the write-ahead
/// log so long that nothing overwrites the log's end, where the large secret lies.
const LARGE: RangeFrom<u32> = 20_001..;
const LARGE_MARKS: usize = 100_000;
/// The numbers of the secrets that callers store and view meanwhile.
const SMALL: RangeFrom<u32> = 30_000..;
/// Callers who store and view small secrets all the time.
const CALLERS: usize = 4;

/// Pauses a store again and again.
struct Slow {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Slow {
    fn start(store: Store) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            while !until.load(Ordering::SeqCst) {
                let paused = pause(&store);
                thread::sleep(STANDSTILL);
                drop(paused);
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
    store_all(&app, 0..BACKLOG, HOUR).await;
    app
}

/// Stores small secrets.
async fn store_all(app: &TestApp, numbers: Range<u32>, lifetime: Duration) {
    let expires_at = app.clock.now().plus(lifetime);
    let creates = numbers.map(|n| app.store.ask(create_of(secret_of_size(n, 1, expires_at))));
    future::try_join_all(creates).await.unwrap();
}

/// When a secret was gone: the time, and how much had been purged by then.
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

    /// Whether the secret must be erased by now. Counts purges, too: a machine may stall, and the
    /// store with it.
    fn is_due(self, now: Self) -> bool {
        self.at.plus(LATE) <= now.at && self.purged + PURGED <= now.purged
    }
}

/// Stores secret number `n` and views it; returns when it was gone.
async fn store_and_view(app: &TestApp, n: u32, marks: usize) -> Gone {
    let secret = secret_of_size(n, marks, app.clock.now().plus(2 * HOUR));
    app.store.ask(create_of(secret)).await.unwrap();
    app.store.ask(take_of(only(n))).await.unwrap();
    Gone::now(app)
}

/// Views a large secret that leaves traces in the log, and then lets the backlog expire. Returns the
/// secret's number, and when it was gone.
async fn view_before_the_backlog(app: &TestApp, backend: &Sqlite) -> (u32, Gone) {
    for (round, large) in (0..).zip(LARGE) {
        app.store.insist(Purge).await.unwrap();
        let first = FILLING + round * FILLING_SECRETS;
        store_all(app, first..first + FILLING_SECRETS, 2 * HOUR).await;
        let gone = store_and_view(app, large, LARGE_MARKS).await;
        // The janitor may have purged, and so erased, in between: retry.
        let _paused = pause(&app.store);
        if found(backend).contains(&large) {
            app.clock.advance(HOUR);
            return (large, Gone { at: gone.at.plus(HOUR), ..gone });
        }
    }
    unreachable!("the numbers do not end")
}

#[actix_web::test]
async fn a_viewed_secret_is_erased_in_time_despite_a_purge_backlog() {
    let backend = Arc::new(Sqlite::fresh());
    let app = app_with_backlog(&backend).await;
    let (large, large_gone) = view_before_the_backlog(&app, &backend).await;
    let slow = Slow::start(app.store.clone());
    let caller = async |number: usize| {
        let mut gone = Vec::new();
        for n in SMALL.skip(number).step_by(CALLERS) {
            gone.push((n, store_and_view(&app, n, 1).await));
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
