//! A really full disk: a small file system, filled up by a filler file.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Effect, ask, is_healthy, is_there, post, state, until, until_healthy, view};
use crate::process::Service;
use crate::replaced_files::file;
use crate::shred_keys::{Key, are_in_files, shred_keys};
use crate::subprocess::{self, ON_A_SMALL_FILE_SYSTEM};
use crate::workload::Workload;
use crate::{unbounded, with_long_repeats};

/// Bytes of a content that needs many pages.
const LARGE: usize = 240_000;
/// Free bytes that suffice for a small write, but not for a large one.
const LITTLE: u64 = 16_384;
/// Secrets that expire together.
const EXPIRING: usize = 5;
const SECOND_IN_HOURS: f64 = 1.0 / 3_600.0;
/// Purge intervals in seconds, tried in order until the machine is fast enough; and the lifetime of
/// these secrets in intervals.
const INTERVALS: [u32; 3] = [1, 4, 8];
const LIFETIME: u32 = 6;

/// A server that may fill its disk, with this purge interval in seconds.
fn start(folder: tempfile::TempDir, interval: u64) -> Service {
    Service::start(folder, |command| {
        let command = with_long_repeats(unbounded(command));
        command
            .env("VIEWONCE_SECRETS__MAX_CONTENT_BYTES", LARGE.to_string())
            .env("VIEWONCE_JANITOR__INTERVAL_SECONDS", interval.to_string())
    })
}

fn fresh(interval: u64) -> Service {
    start(tempfile::tempdir().unwrap(), interval)
}

/// Kills a server, and starts another on its files.
fn restart(service: Service) -> Service {
    service.signal("KILL");
    start(service.wait().2, 60)
}

fn filler(service: &Service) -> PathBuf {
    service.folder.path().join("filler")
}

/// Fills the disk up to `free` bytes.
fn fill(service: &Service, free: u64) {
    let path = filler(service);
    let mut filler = OpenOptions::new().append(true).create(true).open(path).unwrap();
    while filler.write_all(&[0; 4_096]).is_ok() {}
    let size = filler.metadata().unwrap().len();
    filler.set_len(size.saturating_sub(free)).unwrap();
}

/// Removes the filler, and waits until the service is healthy; sends nothing else.
async fn free_space(service: &Service) {
    fs::remove_file(filler(service)).unwrap();
    until_healthy(service, true).await;
}

/// Stores a large content for this many hours; returns its token and receipt, or `None` if refused.
async fn store(service: &Service, hours: f64) -> Option<(String, String)> {
    let body = json!({ "content": large(), "receipt": true, "ttl_hours": hours });
    let answer = ask(post(service, "/api/v1/secrets", &body)).await;
    assert_eq!(answer.effect() == Effect::Done, answer.problem() != Some("no-room"), "{answer:?}");
    Some((answer.text("token")?, answer.text("receipt")?))
}

fn large() -> String {
    "x".repeat(LARGE)
}

#[actix_web::test]
async fn creations_on_a_full_disk_are_refused_and_lose_nothing() {
    let test = "full_disk::creations_on_a_full_disk_are_refused_and_lose_nothing";
    if subprocess::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let service = fresh(60);
        fill(&service, 10 * LARGE as u64);
        let mut stored = Vec::new();
        while let Some(secret) = store(&service, 1.0).await {
            stored.push(secret);
        }
        fill(&service, 0);
        assert!(stored.len() > 3 && store(&service, 1.0).await.is_none());
        free_space(&service).await;
        stored.push(store(&service, 1.0).await.unwrap());
        let service = restart(service);
        for (token, _) in &stored {
            assert_eq!(service.view(token).await, Some(large()));
        }
    }
}

#[actix_web::test]
async fn views_on_a_full_disk_are_refused_and_consume_nothing() {
    let test = "full_disk::views_on_a_full_disk_are_refused_and_consume_nothing";
    if subprocess::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let service = fresh(60);
        let (token, receipt) = store(&service, 1.0).await.unwrap();
        fill(&service, LITTLE);
        assert_eq!(ask(view(&service, &token)).await.problem(), Some("no-room"));
        free_space(&service).await;
        let service = restart(service);
        assert_eq!(state(&service, &receipt).await, "pending");
        assert_eq!(service.view(&token).await, Some(large()));
    }
}

#[actix_web::test]
async fn creations_leave_space_for_all_other_requests() {
    let test = "full_disk::creations_leave_space_for_all_other_requests";
    if subprocess::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let service = Service::start(tempfile::tempdir().unwrap(), |command| {
            command
                .env("VIEWONCE_SECRETS__MAX_CONTENT_BYTES", LARGE.to_string())
                .env("VIEWONCE_STORE__MIN_FREE_BYTES", (subprocess::SMALL / 2).to_string())
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
async fn each_operation_on_a_full_disk_is_done_or_refused() {
    let test = "full_disk::each_operation_on_a_full_disk_is_done_or_refused";
    if subprocess::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let mut service = fresh(60);
        for free in [0, 4_096, 8_192, LITTLE] {
            let mut mixtures = Vec::new();
            for _ in 0..3 {
                mixtures.push(Workload::prepare(&service).await);
            }
            fill(&service, free);
            for workload in &mut mixtures {
                workload.attempt(&service).await;
            }
            assert!(mixtures.iter().any(Workload::is_refused));
            free_space(&service).await;
            for workload in &mut mixtures {
                workload.check(&service).await;
            }
            service = restart(service);
            for workload in mixtures {
                workload.finish(&service).await;
            }
        }
    }
}

#[actix_web::test]
async fn a_purge_on_a_full_disk_is_reported_and_done_later() {
    let test = "full_disk::a_purge_on_a_full_disk_is_reported_and_done_later";
    if subprocess::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let mut prepared = None;
        for interval in INTERVALS {
            prepared = full_of_expiring_secrets(interval).await;
            if prepared.is_some() {
                break;
            }
        }
        let (service, receipts, keys) =
            prepared.expect("the disk is full before anything has expired");
        let folder = service.folder.path();
        until_healthy(&service, false).await;
        assert!(are_in_files(&keys, folder));
        free_space(&service).await;
        until(async || !are_in_files(&keys, folder)).await;
        for receipt in receipts {
            assert_eq!(state(&service, &receipt).await, "expired");
        }
    }
}

/// A server with secrets that soon expire, whose disk is full. Returns their receipts and shred keys,
/// too; `None` if the machine was too slow.
async fn full_of_expiring_secrets(interval: u32) -> Option<(Service, Vec<String>, Vec<Key>)> {
    let service = fresh(interval.into());
    let lifetime = f64::from(interval * LIFETIME) * SECOND_IN_HOURS;
    let mut receipts = Vec::new();
    let began = Instant::now();
    for _ in 0..EXPIRING {
        receipts.push(store(&service, lifetime).await.unwrap().1);
    }
    let is_at_once = began.elapsed() < Duration::from_secs(interval.into());
    let log = file(service.folder.path(), "-wal");
    until(async || fs::metadata(&log).unwrap().len() == 0).await;
    let keys = shred_keys(service.folder.path()).unwrap();
    assert_eq!(keys.len(), EXPIRING);
    fill(&service, 0);
    let is_in_time = state(&service, &receipts[0]).await == "pending";
    if !is_at_once || !is_in_time {
        return None;
    }
    Some((service, receipts, keys))
}

#[actix_web::test]
async fn a_checkpoint_on_a_full_disk_is_reported_and_loses_nothing() {
    let test = "full_disk::a_checkpoint_on_a_full_disk_is_reported_and_loses_nothing";
    if subprocess::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        let service = fresh(1);
        fill(&service, LARGE as u64 * 3 / 2);
        let (token, receipt) = store(&service, 1.0).await.unwrap();
        until_healthy(&service, false).await;
        assert!(is_there(&service, &token).await);
        assert_eq!(ask(view(&service, &token)).await.problem(), Some("no-room"));
        free_space(&service).await;
        let service = restart(service);
        assert_eq!(state(&service, &receipt).await, "pending");
        assert_eq!(service.view(&token).await, Some(large()));
    }
}
