//! The effect of each command.

use std::path::Path;
use std::time::{Duration, Instant};

use actix_web::rt::System;
use viewonce::crypto::format::{Issued, Roots};
use viewonce::domain::clock::{Clock, Timestamp};
use viewonce::domain::secret::Plaintext;
use viewonce::domain::secret_key::{SecretKey, SecretKeys};
use viewonce::runtime::lifeline::Lifelines;
use viewonce::store::sqlite::StoreActor;
use viewonce::store::{Bounds, Close, Rules};

use crate::process::{Service, complaint, output, viewonce};

const DATABASE: &str = "storage/db/viewonce.sqlite3";
const PATIENCE: Duration = Duration::from_mins(1);

fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = output(viewonce(folder).args(arguments));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_names_every_command_and_the_key_file_variable() {
    let help = stdout(Path::new("."), &["--help"]);
    for word in [
        "serve",
        "check",
        "migrate",
        "purge",
        "keygen",
        "token",
        "health",
        "--config",
        "SECRET_KEY_FILE",
    ] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn keygen_prints_a_new_key_each_time() {
    let keys = [(); 2].map(|()| stdout(Path::new("."), &["keygen"]));
    assert_ne!(keys[0], keys[1]);
    assert!(keys.iter().all(|key| key.trim_end().len() == 43));
}

#[test]
fn check_prints_every_setting_and_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = viewonce(folder.path());
    let output = output(
        command.arg("check").env("SECRET_KEY", "marker").env("VIEWONCE_LOG__FORMAT", "json"),
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("marker"));
    let printed: toml::Table = text.parse().unwrap();
    let defaults: toml::Table = viewonce::config::DEFAULT_TOML.parse().unwrap();
    for (section, settings) in &defaults {
        let printed = printed[section].as_table().unwrap();
        assert_eq!(
            settings.as_table().unwrap().keys().collect::<Vec<_>>(),
            printed.keys().collect::<Vec<_>>()
        );
    }
    assert_eq!(printed["log"]["format"].as_str(), Some("json"));
    assert_eq!(printed["store"]["path"].as_str(), Some(DATABASE));
    assert!(!folder.path().join("storage").exists(), "check makes no files");
}

#[test]
fn migrate_makes_the_database() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(stdout(folder.path(), &["migrate"]), format!("{DATABASE}: up to date\n"));
    assert!(folder.path().join(DATABASE).exists());
    stdout(folder.path(), &["migrate"]);
}

#[test]
fn purge_deletes_expired_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let key = SecretKey::from_bytes(b"an example key".to_vec());
    let roots = Roots::derive(&SecretKeys { current: key, previous: Vec::new() });
    System::new().block_on(async {
        let path = folder.path().join(DATABASE);
        let rules = Rules {
            attempts: 1,
            redelivery: Duration::ZERO,
            receipts_kept: Duration::ZERO,
            erase_within: Duration::MAX,
            bounds: Bounds::NONE,
        };
        let lifeline = Lifelines::new().0.of("store");
        let store = StoreActor::start(&path, rules, Clock::default(), 16, lifeline).unwrap();
        for expires_at in [Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX)] {
            let content = Plaintext::parse("x".to_owned()).unwrap();
            let (issued, shred_key) = Issued::generate(expires_at, false).unwrap();
            let create = roots.seal(&issued, shred_key, &content, None).unwrap();
            store.ask(create).await.unwrap();
        }
        store.insist(Close).await.unwrap();
    });
    assert_eq!(first_purge(folder.path()), format!("{DATABASE}: expired secrets purged: 1\n"));
    assert_eq!(
        stdout(folder.path(), &["purge"]),
        format!("{DATABASE}: expired secrets purged: 0\n")
    );
}

/// The output of a purge of a database that this process has just closed. A child that another test is
/// forking holds the released lock until its exec.
fn first_purge(folder: &Path) -> String {
    let began = Instant::now();
    loop {
        let purged = output(viewonce(folder).arg("purge"));
        let said = String::from_utf8(purged.stderr).unwrap();
        if purged.status.success() {
            return String::from_utf8(purged.stdout).unwrap();
        }
        let is_in_use = said.contains("another process is using this database");
        assert!(is_in_use && began.elapsed() < PATIENCE, "{said}");
    }
}

#[test]
fn the_database_has_one_process_at_a_time() {
    let service = Service::fresh();
    for command in ["serve", "migrate", "purge"] {
        let line = complaint(viewonce(service.folder.path()).arg(command).env("SECRET_KEY", "x"));
        assert_eq!(line, format!("viewonce: {DATABASE}: another process is using this database\n"));
    }
    let (_log, folder) = service.stop();
    stdout(folder.path(), &["migrate"]);
}

#[test]
fn health_asks_the_running_server() {
    let service = Service::fresh();
    let bind = service.address.trim_start_matches("http://").to_owned();
    let health = || {
        let mut command = viewonce(service.folder.path());
        command.arg("health").env("VIEWONCE_SERVER__BIND", &bind);
        // Proxy variables do not apply: the server is asked directly.
        command.env("HTTP_PROXY", "http://127.0.0.1:9");
        command
    };
    assert_eq!(output(&mut health()).stdout, b"healthy\n");
    let mut after = health();
    let _stopped = service.stop();
    assert!(complaint(&mut after).starts_with(&format!("viewonce: no healthy server at {bind}: ")));
}
