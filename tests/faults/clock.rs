//! A clock that is set forward or back while a server runs: expired secrets are not shown, and living
//! ones are not deleted.

use chrono::TimeDelta;
use serde_json::json;

use crate::client::{ask, is_there, post, state, until};
use crate::fault_injection::FaultInjector;
use crate::process::Service;
use crate::shred_keys::{are_in_files, shred_keys};

/// Bytes of a content.
const LARGE: usize = 60_000;
const SECOND_IN_HOURS: f64 = 1.0 / 3_600.0;

/// A server with this purge interval in seconds.
fn start(injector: &FaultInjector, interval: &str) -> Service {
    Service::start(tempfile::tempdir().unwrap(), |command| {
        let erase = ("VIEWONCE_STORE__ERASE_SECONDS", interval);
        injector.under(command).envs([erase, ("VIEWONCE_JANITOR__INTERVAL_SECONDS", interval)])
    })
}

/// Stores a secret for this many hours; returns its token and its receipt.
async fn store(service: &Service, hours: f64) -> (String, String) {
    let body = json!({ "content": content(), "receipt": true, "ttl_hours": hours });
    let answer = ask(post(service, "/api/v1/secrets", &body)).await;
    (answer.text("token").unwrap(), answer.text("receipt").unwrap())
}

fn content() -> String {
    "x".repeat(LARGE)
}

#[actix_web::test]
async fn a_clock_set_forward_hides_expired_secrets_until_it_is_set_back() {
    let injector = FaultInjector::new();
    let service = start(&injector, "60");
    let (token, receipt) = store(&service, 1.0).await;
    injector.set_clock(TimeDelta::days(1));
    assert!(!is_there(&service, &token).await);
    assert_eq!(service.view(&token).await, None);
    assert_eq!(state(&service, &receipt).await, "expired");
    // The lifetime of new secrets starts at the new time.
    let (new, _) = store(&service, 1.0).await;
    assert!(is_there(&service, &new).await);
    injector.set_clock(TimeDelta::zero());
    assert_eq!(state(&service, &receipt).await, "pending");
    assert_eq!(service.view(&token).await, Some(content()));
    assert_eq!(service.view(&new).await, Some(content()));
}

/// The clock is wrong during one purge, and right again before the next. On a slow machine the test
/// retries with a longer interval.
#[actix_web::test]
async fn a_clock_that_is_set_forward_and_right_again_deletes_nothing() {
    for interval in ["5", "20", "60"] {
        let injector = FaultInjector::new();
        let service = start(&injector, interval);
        let (token, _) = store(&service, 1.0).await;
        injector.set_clock(TimeDelta::days(1));
        until(async || service.has_said("the wall clock jumped")).await;
        injector.set_clock(TimeDelta::zero());
        let seen = service.view(&token).await;
        let (log, _folder) = service.stop();
        if !log.contains("the wall clock is still off") {
            return assert_eq!(seen, Some(content()));
        }
    }
    unreachable!("the clock was right again too late at every interval");
}

#[actix_web::test]
async fn a_lasting_forward_jump_is_followed_and_logged() {
    let injector = FaultInjector::new();
    let service = start(&injector, "1");
    let (token, receipt) = store(&service, 1.0).await;
    let keys = shred_keys(service.folder.path()).unwrap();
    assert!(!keys.is_empty() && are_in_files(&keys, service.folder.path()));
    injector.set_clock(TimeDelta::days(1));
    assert!(!is_there(&service, &token).await);
    until(async || !are_in_files(&keys, service.folder.path())).await;
    injector.set_clock(TimeDelta::zero());
    assert!(!is_there(&service, &token).await);
    assert_eq!(state(&service, &receipt).await, "expired");
    let (log, _folder) = service.stop();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains(" WARN ")).collect();
    let clock = warnings.iter().filter(|line| line.contains("clock")).count();
    assert!(clock >= 2, "{log}");
}

#[actix_web::test]
async fn a_clock_that_is_set_back_revives_no_secret() {
    let injector = FaultInjector::new();
    let service = start(&injector, "60");
    let (token, receipt) = store(&service, SECOND_IN_HOURS).await;
    let (living, _) = store(&service, 1.0).await;
    until(async || !is_there(&service, &token).await).await;
    injector.set_clock(-TimeDelta::days(1));
    assert!(!is_there(&service, &token).await);
    assert_eq!(service.view(&token).await, None);
    assert_eq!(state(&service, &receipt).await, "expired");
    let (new, _) = store(&service, 1.0).await;
    for token in [living, new] {
        assert_eq!(service.view(&token).await, Some(content()));
    }
}
