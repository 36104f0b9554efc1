//! TLS of its own, as it is run: pairs that cannot be used, files that change, and asking for health.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::certificate::{Certificate, files};
use crate::process::{Service, complaint, output, viewonce};

const CERT: (&str, &str) = ("VIEWONCE_SERVER__TLS_CERT", "cert.pem");
const KEY: (&str, &str) = ("VIEWONCE_SERVER__TLS_KEY", "key.pem");

const READ_AGAIN: &str = "the TLS certificate was read again";
const PATIENCE: Duration = Duration::from_secs(30);

fn with_tls(command: &mut Command) -> &mut Command {
    command.envs([CERT, KEY])
}

/// The line that is said where the files of `folder` are the pair.
fn complaint_in(folder: &Path) -> String {
    let lines = ["serve", "check"]
        .map(|command| complaint(with_tls(viewonce(folder).arg(command)).env("SECRET_KEY", "x")));
    assert_eq!(lines[0], lines[1]);
    assert!(!folder.join("storage").exists(), "it makes no files before");
    lines[0].clone()
}

/// Waits until a server has logged these words.
fn until_said(service: &Service, words: &str) {
    let started = Instant::now();
    while !service.has_said(words) {
        assert!(started.elapsed() < PATIENCE, "it does not say: {words}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_pair_that_cannot_be_used_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = files(folder.path());
    let [one, other] = [(); 2].map(|()| Certificate::of("localhost"));
    let text = |pem: &str| pem.replace('A', "B");
    let cases: [(&str, &str, &str); 7] = [
        ("", &one.key, "server.tls_cert: cert.pem: expected a certificate in PEM"),
        (&one.key, &one.key, "server.tls_cert: cert.pem: expected a certificate in PEM"),
        (&text(&one.pem), &one.key, "server.tls_cert: cert.pem: expected a certificate in PEM"),
        (
            &one.pem,
            "",
            "server.tls_key: key.pem: expected a private key in PEM, without a password",
        ),
        (&one.pem, &one.pem, "server.tls_key: key.pem: expected a private key in PEM, without"),
        (
            &one.pem,
            &text(&one.key),
            "server.tls_key: key.pem: expected a private key in PEM, without",
        ),
        (
            &one.pem,
            &other.key,
            "server.tls_key: key.pem: expected the key of the first certificate in cert.pem",
        ),
    ];
    for (certificate_text, key_text, expected) in cases {
        fs::write(&certificate, certificate_text).unwrap();
        fs::write(&key, key_text).unwrap();
        let line = complaint_in(folder.path());
        assert!(line.starts_with(&format!("viewonce: {expected}")), "{line}");
    }
}

#[test]
fn a_pair_that_cannot_be_read_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = files(folder.path());
    let line = complaint_in(folder.path());
    assert!(line.starts_with("viewonce: server.tls_cert: cert.pem: cannot be read: "), "{line}");
    fs::write(&certificate, Certificate::of("localhost").pem).unwrap();
    fs::create_dir(&key).unwrap();
    let line = complaint_in(folder.path());
    assert!(line.starts_with("viewonce: server.tls_key: key.pem: cannot be read: "), "{line}");
}

#[test]
fn one_of_the_two_is_not_enough() {
    for (given, missing) in [(CERT, "server.tls_key"), (KEY, "server.tls_cert")] {
        let line = complaint(viewonce(Path::new(".")).arg("check").envs([given]));
        let expected =
            format!("viewonce: config/default.toml: {missing}: expected a file, as server.");
        assert!(line.starts_with(&expected), "{line}");
    }
}

#[test]
fn health_asks_a_server_that_speaks_tls_whatever_its_certificate_names() {
    let folder = tempfile::tempdir().unwrap();
    Certificate::of("secrets.example.com").write(folder.path());
    let service = Service::start(folder, with_tls);
    let bind = service.address.strip_prefix("https://").unwrap().to_owned();
    let health = || {
        let mut command = viewonce(service.folder.path());
        command.arg("health").env("VIEWONCE_SERVER__BIND", &bind);
        command
    };
    assert_eq!(output(with_tls(&mut health())).stdout, b"healthy\n");
    let without = complaint(&mut health());
    assert!(without.starts_with(&format!("viewonce: no healthy server at {bind}: ")), "{without}");
    let mut after = health();
    let _stopped = service.stop();
    let line = complaint(with_tls(&mut after));
    assert!(line.starts_with(&format!("viewonce: no healthy server at {bind}: ")), "{line}");
}

#[test]
fn files_that_change_one_after_the_other_are_read_when_they_fit() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = [(); 2].map(|()| Certificate::of("localhost"));
    first.write(folder.path());
    let service = Service::start(folder, with_tls);
    let [certificate, key] = files(service.folder.path());
    fs::write(certificate, &second.pem).unwrap();
    until_said(&service, "the TLS certificate stays as it was: server.tls_key: key.pem: expected");
    assert!(!service.has_said(READ_AGAIN));
    fs::write(key, &second.key).unwrap();
    until_said(&service, READ_AGAIN);
}

#[test]
fn a_certificate_that_cannot_be_read_to_its_end_holds_up_no_stop() {
    let folder = tempfile::tempdir().unwrap();
    Certificate::of("localhost").write(folder.path());
    let service = Service::start(folder, with_tls);
    let [certificate, _key] = files(service.folder.path());
    fs::remove_file(&certificate).unwrap();
    assert!(Command::new("mkfifo").arg(&certificate).status().unwrap().success());
    // Opening it succeeds once the server reads it, and it waits for what never comes.
    let _writer = fs::File::options().write(true).open(&certificate).unwrap();
    service.stop();
}
