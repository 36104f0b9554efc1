//! Built-in TLS in the binary: unusable certificates and keys, files that change, and health checks.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::certificate::{Certificate, files};
use crate::process::{Service, complaint, output, viewonce};

const CERT: (&str, &str) = ("VIEWONCE_SERVER__TLS_CERT", "cert.pem");
const KEY: (&str, &str) = ("VIEWONCE_SERVER__TLS_KEY", "key.pem");

const READ_AGAIN: &str = "TLS certificate reloaded";
const PATIENCE: Duration = Duration::from_secs(30);

fn with_tls(command: &mut Command) -> &mut Command {
    command.envs([CERT, KEY])
}

/// The error line with the certificate and key in `folder`.
fn complaint_in(folder: &Path) -> String {
    let lines = ["serve", "check"]
        .map(|command| complaint(with_tls(viewonce(folder).arg(command)).env("SECRET_KEY", "x")));
    assert_eq!(lines[0], lines[1]);
    assert!(!folder.join("storage").exists(), "it checks TLS before it creates files");
    lines[0].clone()
}

/// Waits until a server has logged these words.
fn until_logged(service: &Service, words: &str) {
    let started = Instant::now();
    while !service.has_said(words) {
        assert!(started.elapsed() < PATIENCE, "the log lacks: {words}");
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
fn a_certificate_without_a_key_is_refused_and_vice_versa() {
    for (given, missing) in [(CERT, "server.tls_key"), (KEY, "server.tls_cert")] {
        let line = complaint(viewonce(Path::new(".")).arg("check").envs([given]));
        let expected =
            format!("viewonce: config/default.toml: {missing}: expected a file, because ");
        assert!(line.starts_with(&expected), "{line}");
    }
}

#[test]
fn health_reaches_a_tls_server_whatever_its_certificate_names() {
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
fn a_changed_certificate_and_key_are_loaded_once_they_match() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = [(); 2].map(|()| Certificate::of("localhost"));
    first.write(folder.path());
    let service = Service::start(folder, with_tls);
    let [certificate, key] = files(service.folder.path());
    fs::write(certificate, &second.pem).unwrap();
    until_logged(
        &service,
        "TLS certificate not reloaded, keeping the old one: server.tls_key: key.pem: expected",
    );
    assert!(!service.has_said(READ_AGAIN));
    fs::write(key, &second.key).unwrap();
    until_logged(&service, READ_AGAIN);
}

#[test]
fn a_certificate_that_blocks_while_read_does_not_delay_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    Certificate::of("localhost").write(folder.path());
    let service = Service::start(folder, with_tls);
    let [certificate, _key] = files(service.folder.path());
    fs::remove_file(&certificate).unwrap();
    assert!(Command::new("mkfifo").arg(&certificate).status().unwrap().success());
    // Opening the FIFO succeeds once the server reads it; the server then waits for bytes that never
    // come.
    let _writer = fs::File::options().write(true).open(&certificate).unwrap();
    service.stop();
}
