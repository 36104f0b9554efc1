//! Secrets under keys that are no longer configured: the start reports how many there are.

use std::process::Command;

use tempfile::TempDir;

use crate::process::Service;

const WARNING: &str = "secrets under keys that are not configured, which nobody can view";

fn start(folder: TempDir, key: &str, previous: Option<&str>) -> Service {
    Service::start(folder, |command: &mut Command| {
        command.env("SECRET_KEY", key);
        command.envs(previous.map(|keys| ("SECRET_KEY_PREVIOUS", keys)))
    })
}

/// Stores `count` secrets under `key`.
async fn store(folder: TempDir, key: &str, count: usize) -> TempDir {
    let service = start(folder, key, None);
    for _ in 0..count {
        service.store("x").await.unwrap();
    }
    service.stop().1
}

#[actix_web::test]
async fn secrets_under_unknown_keys_are_counted_while_the_service_runs() {
    let folder = store(tempfile::tempdir().unwrap(), "the oldest key", 3).await;
    let folder = store(folder, "an older key", 2).await;
    let service = start(folder, "the newest key", Some("an older key"));
    assert!(service.store("x").await.is_some());
    let log = service.stop().0;
    let lines: Vec<&str> = log.lines().collect();
    let place = |words: &str| lines.iter().position(|line| line.contains(words)).unwrap();
    assert!(lines[place(WARNING)].contains(&format!("{WARNING}: 3;")), "{log}");
    assert!(place("listening on") < place(WARNING), "{log}");
    assert_eq!(log.matches(WARNING).count(), 1, "{log}");
    assert!(lines[place(WARNING)].contains("SECRET_KEY_PREVIOUS"), "{log}");
}

#[actix_web::test]
async fn there_is_no_warning_if_every_key_is_configured() {
    let folder = store(tempfile::tempdir().unwrap(), "the oldest key", 2).await;
    let service = start(folder, "the newest key", Some("an older key,the oldest key"));
    service.store("x").await.unwrap();
    let log = service.stop().0;
    assert!(!log.contains("not configured"), "{log}");
}
