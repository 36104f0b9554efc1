//! Shutdown: clean when requested, even under load. However a server ends, nothing acknowledged is lost.

use std::cell::Cell;
use std::time::{Duration, Instant};

use actix_web::rt::time::{sleep, timeout};
use futures_util::future::{join, join_all};

use crate::process::Service;

const CLIENTS: usize = 16;
/// The number of requests before the signal.
const REQUESTS: usize = 300;
/// Time limit for a load: only one that hangs exceeds it.
const LONG: Duration = Duration::from_mins(2);

/// Clients send requests until they are refused; `signal` hits the server halfway. Returns the results
/// of the answered requests.
async fn load<T>(
    service: &Service,
    signal: &str,
    request: impl AsyncFn(usize) -> Option<T>,
) -> Vec<T> {
    let (next, answered) = (Cell::new(0), Cell::new(0));
    let clients = join_all((0..CLIENTS).map(|_| async {
        let mut answers = Vec::new();
        while let Some(answer) = request(next.replace(next.get() + 1)).await {
            answered.set(answered.get() + 1);
            answers.push(answer);
        }
        answers
    }));
    let end = async {
        while answered.get() < REQUESTS {
            sleep(Duration::from_millis(1)).await;
        }
        service.signal(signal);
    };
    let (answers, ()) = timeout(LONG, join(clients, end)).await.expect("no request hangs");
    answers.into_iter().flatten().collect()
}

/// Stores secrets under load until `signal` ends the server, and views every acknowledged secret after a
/// restart. Returns whether the server exited successfully.
async fn store_until(signal: &str) -> bool {
    let service = Service::fresh();
    let acknowledged = load(&service, signal, async |number| {
        let content = format!("secret {number}");
        Some((service.store(&content).await?, content))
    });
    let acknowledged = acknowledged.await;
    let (status, _log, folder) = service.wait();
    let service = Service::start(folder, |command| command);
    assert!(acknowledged.len() >= REQUESTS);
    for (token, content) in acknowledged {
        assert_eq!(service.view(&token).await, Some(content));
    }
    status.success()
}

#[actix_web::test]
async fn a_clean_stop_keeps_everything_acknowledged() {
    assert!(store_until("TERM").await);
    assert!(store_until("INT").await);
}

#[actix_web::test]
async fn a_kill_keeps_everything_acknowledged() {
    assert!(!store_until("KILL").await);
}

#[actix_web::test]
async fn no_view_is_lost_in_a_clean_stop() {
    let service = Service::fresh();
    let mut tokens = Vec::new();
    for number in 0..2 * REQUESTS {
        tokens.push(service.store(&number.to_string()).await.unwrap());
    }
    let seen = load(&service, "TERM", async |number| service.view(tokens.get(number)?).await).await;
    let service = Service::start(service.wait_well().1, |command| command);
    let left = join_all(tokens.iter().map(|token| service.view(token))).await;
    let mut all: Vec<usize> =
        seen.iter().chain(left.iter().flatten()).map(|content| content.parse().unwrap()).collect();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..2 * REQUESTS), "each secret is seen once or still there");
}

#[actix_web::test]
async fn an_idle_connection_does_not_delay_a_stop() {
    let service = Service::fresh();
    service.store("x").await.unwrap();
    let asked = Instant::now();
    let (log, folder) = service.stop();
    // Requests in flight would get eight seconds.
    assert!(asked.elapsed() < Duration::from_secs(7), "{log}");
    assert!(log.ends_with("stopped\n"));
    assert!(!folder.path().join("storage/db/viewonce.sqlite3-wal").exists());
}
