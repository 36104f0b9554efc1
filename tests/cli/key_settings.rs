//! Settings of secret keys: which are refused, and where they are read from.

use std::fs;
use std::path::Path;

use crate::process::{KEY, Service, complaint};
use crate::settings::{check, complaint_of_variables};

#[test]
fn production_requires_a_strong_key() {
    let production = ("VIEWONCE_ENVIRONMENT", "production");
    let line = complaint_of_variables(&[production]);
    assert!(line.contains("expected one in production"), "{line}");
    for key in ["development_secret_key", "thirty-one bytes are not enough"] {
        let line = complaint_of_variables(&[production, ("SECRET_KEY", key)]);
        assert!(line.contains("at least 32 bytes that nobody else knows"), "{line}");
        assert!(!line.contains(key));
    }
}

#[test]
fn the_development_key_serves_only_on_loopback_addresses() {
    for key in [None, Some("development_secret_key")] {
        let mut command = check(Path::new("."));
        command.env("VIEWONCE_SERVER__BIND", "0.0.0.0:0").envs(key.map(|key| ("SECRET_KEY", key)));
        let line = complaint(&mut command);
        assert!(line.starts_with("viewonce: server.bind: expected a loopback address"), "{line}");
    }
}

#[test]
fn the_production_example_starts_when_given_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config/production.toml");
    let key_file = folder.path().join("key");
    fs::write(&key_file, format!("{KEY}\n")).unwrap();
    let database = folder.path().join("viewonce.sqlite3");
    let service = Service::start(folder, |command| {
        command
            .args(["--config", example])
            .env("VIEWONCE_ENVIRONMENT", "production")
            .env("VIEWONCE_STORE__PATH", &database)
            .env("SECRET_KEY_FILE", &key_file)
    });
    let (log, _folder) = service.stop();
    assert!(log.lines().all(|line| line.starts_with('{')), "{log}");
    assert!(!log.contains("development key"));
}

#[test]
fn a_key_file_without_a_key_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), "\n").unwrap();
    let line = complaint(check(folder.path()).env("SECRET_KEY_FILE", "key"));
    assert!(line.starts_with("viewonce: SECRET_KEY_FILE: a key is empty"), "{line}");
}

#[actix_web::test]
async fn a_key_file_loses_one_trailing_newline() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), "my key\n").unwrap();
    let service = Service::start(folder, |command| command.env("SECRET_KEY_FILE", "key"));
    let token = service.store("x").await.unwrap();
    let service = Service::start(service.stop().1, |command| command.env("SECRET_KEY", "my key"));
    assert_eq!(service.view(&token).await.as_deref(), Some("x"));
}

#[actix_web::test]
async fn previous_keys_come_from_a_list_or_from_lines() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old keys"), "older\noldest\n").unwrap();
    let service = Service::start(folder, |command| command.env("SECRET_KEY", "oldest"));
    let tokens = [service.store("x").await.unwrap(), service.store("y").await.unwrap()];
    let variables =
        [("SECRET_KEY_PREVIOUS", "older,oldest"), ("SECRET_KEY_PREVIOUS_FILE", "old keys")];
    let mut folder = service.stop().1;
    for (token, (name, value)) in tokens.iter().zip(variables) {
        let service =
            Service::start(folder, |command| command.env("SECRET_KEY", "new").env(name, value));
        assert!(service.view(token).await.is_some(), "{name}");
        folder = service.stop().1;
    }
}
