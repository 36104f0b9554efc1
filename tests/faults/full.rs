//! A disk that is really full: a small file system, and a file that takes what is left of it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::alone::{self, ON_A_SMALL_FILE_SYSTEM};
use crate::altered::file;
use crate::caller::{Told, ask, is_healthy, is_there, post, state, until, until_healthy, view};
use crate::mixture::Mixture;
use crate::process::Service;
use crate::{patient, unbounded};

/// Bytes of a content that needs many pages.
const LARGE: usize = 60_000;
/// Bytes on a disk that are enough for a small write, and not for a large one.
const LITTLE: u64 = 16_384;
/// Secrets that expire together.
const EXPIRING: usize = 5;
const SECOND_IN_HOURS: f64 = 1.0 / 3_600.0;
/// Seconds between two purges while these expire, of which more are tried where the machine is too slow for
/// few; and how many times as long they live.
const INTERVALS: [u32; 3] = [1, 4, 8];
const LIFETIME: u32 = 6;

/// A server that has all of a disk, and purges every so many seconds.
fn start(folder: tempfile::TempDir, interval: u64) -> Service {
    Service::start(folder, |command| {
        let command = patient(unbounded(command));
        command.env("VIEWONCE_JANITOR__INTERVAL_SECONDS", interval.to_string())
    })
}

fn fresh(interval: u64) -> Service {
    start(tempfile::tempdir().unwrap(), interval)
}

/// Kills a server, and starts another on what it left.
fn restart(service: Service) -> Service {
    service.signal("KILL");
    start(service.wait().2, 60)
}

fn filler(service: &Service) -> PathBuf {
    service.folder.path().join("filler")
}

/// Fills the disk, but for `room` bytes.
fn fill(service: &Service, room: u64) {
    let path = filler(service);
    let mut filler = OpenOptions::new().append(true).create(true).open(path).unwrap();
    while filler.write_all(&[0; 4_096]).is_ok() {}
    let size = filler.metadata().unwrap().len();
    filler.set_len(size.saturating_sub(room)).unwrap();
}

/// Takes the filler away, and waits until all is well; asks for nothing else.
async fn make_room(service: &Service) {
    fs::remove_file(filler(service)).unwrap();
    until_healthy(service, true).await;
}

/// Stores a large content, for so many hours; returns token and receipt, if there was room.
async fn store(service: &Service, hours: f64) -> Option<(String, String)> {
    let body = json!({ "content": large(), "receipt": true, "ttl_hours": hours });
    let answer = ask(post(service, "/api/v1/secrets", &body)).await;
    assert_eq!(answer.told() == Told::Done, answer.problem() != Some("no-room"), "{answer:?}");
    Some((answer.text("token")?, answer.text("receipt")?))
}

fn large() -> String {
    "x".repeat(LARGE)
}

/// Bytes of the database and its log that are not zero.
fn marked_bytes(folder: &Path) -> usize {
    let bytes = ["", "-wal"].iter().flat_map(|end| fs::read(file(folder, end)).unwrap());
    bytes.filter(|&byte| byte != 0).count()
}

#[actix_web::test]
async fn creations_on_a_full_disk_are_refused_and_lose_nothing() {
    let test = "full::creations_on_a_full_disk_are_refused_and_lose_nothing";
    if alone::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let service = fresh(60);
        fill(&service, 10 * LARGE as u64);
        let mut stored = Vec::new();
        while let Some(secret) = store(&service, 1.0).await {
            stored.push(secret);
        }
        fill(&service, 0);
        assert!(stored.len() > 3 && store(&service, 1.0).await.is_none());
        make_room(&service).await;
        stored.push(store(&service, 1.0).await.unwrap());
        let service = restart(service);
        for (token, _) in &stored {
            assert_eq!(service.view(token).await, Some(large()));
        }
    }
}

#[actix_web::test]
async fn views_on_a_full_disk_are_refused_and_consume_nothing() {
    let test = "full::views_on_a_full_disk_are_refused_and_consume_nothing";
    if alone::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let service = fresh(60);
        let (token, receipt) = store(&service, 1.0).await.unwrap();
        fill(&service, LITTLE);
        assert_eq!(ask(view(&service, &token)).await.problem(), Some("no-room"));
        make_room(&service).await;
        let service = restart(service);
        assert_eq!(state(&service, &receipt).await, "pending");
        assert_eq!(service.view(&token).await, Some(large()));
    }
}

#[actix_web::test]
async fn creations_leave_room_for_all_else() {
    let test = "full::creations_leave_room_for_all_else";
    if alone::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let service = Service::start(tempfile::tempdir().unwrap(), |command| {
            command.env("VIEWONCE_STORE__MIN_FREE_BYTES", (alone::SMALL / 2).to_string())
        });
        let mut stored = Vec::new();
        while let Some(secret) = store(&service, 1.0).await {
            stored.push(secret);
        }
        assert!(stored.len() > 1 && is_healthy(&service).await);
        for (token, receipt) in stored {
            assert!(is_there(&service, &token).await);
            assert_eq!(service.view(&token).await, Some(large()));
            assert_eq!(state(&service, &receipt).await, "viewed");
        }
        assert!(is_healthy(&service).await);
    }
}

#[actix_web::test]
async fn a_mixture_on_a_full_disk_is_done_or_not() {
    let test = "full::a_mixture_on_a_full_disk_is_done_or_not";
    if alone::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let mut service = fresh(60);
        for room in [0, 4_096, 8_192, LITTLE] {
            let mut mixtures = Vec::new();
            for _ in 0..3 {
                mixtures.push(Mixture::prepare(&service).await);
            }
            fill(&service, room);
            for mixture in &mut mixtures {
                mixture.attempt(&service).await;
            }
            assert!(mixtures.iter().any(Mixture::is_refused));
            make_room(&service).await;
            for mixture in &mut mixtures {
                mixture.judge(&service).await;
            }
            service = restart(service);
            for mixture in mixtures {
                mixture.finish(&service).await;
            }
        }
    }
}

#[actix_web::test]
async fn a_purge_that_finds_no_room_is_told_and_made_up_for() {
    let test = "full::a_purge_that_finds_no_room_is_told_and_made_up_for";
    if alone::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let mut prepared = None;
        for interval in INTERVALS {
            prepared = full_of_what_expires(interval).await;
            if prepared.is_some() {
                break;
            }
        }
        let (service, receipts) = prepared.expect("it is full before anything has expired");
        until_healthy(&service, false).await;
        assert!(marked_bytes(service.folder.path()) > LARGE);
        make_room(&service).await;
        until(async || marked_bytes(service.folder.path()) < LARGE).await;
        for receipt in receipts {
            assert_eq!(state(&service, &receipt).await, "expired");
        }
    }
}

/// A server whose disk is full of what expires soon, but for room for what is small: a purge finds none,
/// as at least three expire between two of them. Returns the receipts, too; nothing if the machine was
/// too slow for that.
async fn full_of_what_expires(interval: u32) -> Option<(Service, Vec<String>)> {
    let service = fresh(interval.into());
    let lifetime = f64::from(interval * LIFETIME) * SECOND_IN_HOURS;
    let mut receipts = Vec::new();
    let began = Instant::now();
    for _ in 0..EXPIRING {
        receipts.push(store(&service, lifetime).await.unwrap().1);
    }
    let is_at_once = began.elapsed() < Duration::from_secs(interval.into());
    let marked = marked_bytes(service.folder.path());
    let log = file(service.folder.path(), "-wal");
    until(async || fs::metadata(&log).unwrap().len() == 0).await;
    fill(&service, (EXPIRING * LARGE / 2) as u64);
    let is_in_time = state(&service, &receipts[0]).await == "pending";
    if !is_at_once || !is_in_time {
        return None;
    }
    assert!(marked > EXPIRING * LARGE);
    Some((service, receipts))
}

#[actix_web::test]
async fn a_log_that_the_database_has_no_room_for_is_told_and_loses_nothing() {
    let test = "full::a_log_that_the_database_has_no_room_for_is_told_and_loses_nothing";
    if alone::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let service = fresh(1);
        fill(&service, LARGE as u64 * 3 / 2);
        let (token, receipt) = store(&service, 1.0).await.unwrap();
        until_healthy(&service, false).await;
        assert!(is_there(&service, &token).await);
        assert_eq!(ask(view(&service, &token)).await.problem(), Some("no-room"));
        make_room(&service).await;
        let service = restart(service);
        assert_eq!(state(&service, &receipt).await, "pending");
        assert_eq!(service.view(&token).await, Some(large()));
    }
}
