//! Settings: an invalid one is refused with one line that names its source, the setting and the expected
//! value.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;

use crate::process::{complaint, viewonce};

pub(crate) fn check(folder: &Path) -> Command {
    let mut command = viewonce(folder);
    command.arg("check");
    command
}

/// The error line for a settings file with this text.
pub(crate) fn complaint_of_file(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("viewonce.toml"), text).unwrap();
    complaint(
        check(folder.path())
            .env_remove("VIEWONCE_SERVER__BIND")
            .args(["--config", "viewonce.toml"]),
    )
}

/// The error line with these environment variables.
pub(crate) fn complaint_of_variables(variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    complaint(check(folder.path()).envs(variables.iter().copied()))
}

/// Invalid settings files, each with the start of its error.
const WRONG_FILES: [(&str, &str); 33] = [
    ("[server]\nbnd = 5", "viewonce.toml: unknown setting server.bnd; expected one of "),
    ("server = 5", "viewonce.toml: unknown setting server; expected one of "),
    ("[server]\nbind = \"here\"", "viewonce.toml: server.bind: expected an address and a port"),
    ("[server]\nbind = 5", "viewonce.toml: server.bind: expected an address and a port"),
    ("[server]\nworkers = 513", "viewonce.toml: server.workers: expected a number from 0 to 512"),
    ("[server]\nworkers = true", "viewonce.toml: server.workers: expected a number from 0 to 512"),
    ("[server]\nlock_memory = 1", "viewonce.toml: server.lock_memory: expected true or false"),
    ("[server]\nmailbox = 0", "viewonce.toml: server.mailbox: expected a number from 1 to "),
    ("[server]\npublic_url = \"ftp://x\"", "viewonce.toml: server.public_url: expected an address"),
    (
        "[server]\npublic_url = \"https://x/?y\"",
        "viewonce.toml: server.public_url: expected an address",
    ),
    ("[store]\npath = 5", "viewonce.toml: store.path: expected a string"),
    (
        "[store]\nerase_seconds = -1",
        "viewonce.toml: store.erase_seconds: expected a number from 1 to ",
    ),
    (
        "[store]\nmax_bytes = 1000000",
        "viewonce.toml: store.max_bytes: expected 0, or a number from 17039360 to ",
    ),
    (
        "[store]\nmin_free_bytes = -1",
        "viewonce.toml: store.min_free_bytes: expected 0, or a number from 4194304 to ",
    ),
    (
        "[secrets]\nmax_ttl_hours = 0",
        "viewonce.toml: secrets.max_ttl_hours: expected a number from ",
    ),
    (
        "[secrets]\nmax_ttl_hours = nan",
        "viewonce.toml: secrets.max_ttl_hours: expected a number from ",
    ),
    (
        "[secrets]\ndefault_ttl_hours = 721",
        "viewonce.toml: secrets.default_ttl_hours: expected at most secrets.max_ttl_hours, which \
             is 720",
    ),
    (
        "[secrets]\nview_by_get = \"no\"",
        "viewonce.toml: secrets.view_by_get: expected true or false",
    ),
    (
        "[secrets]\nmax_ttl_hours = 12",
        "config/default.toml: secrets.default_ttl_hours: expected at most \
             secrets.max_ttl_hours, which is 12",
    ),
    (
        "[passphrases]\nmemory_bytes = 67108863",
        "viewonce.toml: passphrases.memory_bytes: expected 0, or a number from 67108864 to ",
    ),
    (
        "[passphrases]\nmemory_bytes = 1125899906842624",
        "viewonce.toml: passphrases.memory_bytes: expected at most ",
    ),
    ("[passphrases]\nthreads = 1", "viewonce.toml: unknown setting passphrases.threads; "),
    ("[sever]", "viewonce.toml: unknown setting sever; expected one of "),
    ("[server.bind]", "viewonce.toml: server.bind: expected an address and a port"),
    ("[server]\nserve = \"both\"", "viewonce.toml: server.serve: expected all, create or view"),
    ("[server]\nserve = true", "viewonce.toml: server.serve: expected a string"),
    ("[log]\nformat = \"xml\"", "viewonce.toml: log.format: expected text or json"),
    ("[access]\ncreate_tokens = 5", "viewonce.toml: access.create_tokens: expected a list of "),
    ("[access]\ncreate_tokens = [5]", "viewonce.toml: access.create_tokens: expected a list of "),
    (
        "[access]\ncreate_tokens = [\"vo_x\"]",
        "viewonce.toml: access.create_tokens: expected a list of hashes as `viewonce token` prints",
    ),
    (
        "[metrics]\nbind = \"9100\"",
        "viewonce.toml: metrics.bind: expected an address and a port of its own",
    ),
    (
        "[metrics]\nbind = \"127.0.0.1:8000\"",
        "viewonce.toml: metrics.bind: expected an address and a port of its own",
    ),
    ("\n\n[log", "viewonce.toml: line 3: "),
];

#[test]
fn an_invalid_setting_in_a_file_is_named() {
    for (text, expected) in WRONG_FILES {
        let line = complaint_of_file(text);
        assert!(line.starts_with(&format!("viewonce: {expected}")), "{line}");
    }
}

#[test]
fn an_invalid_variable_is_named() {
    let cases = [
        (
            ("VIEWONCE_SERVER__WORKERS", "many"),
            "VIEWONCE_SERVER__WORKERS: server.workers: expected a number",
        ),
        (
            ("VIEWONCE_SERVER__BND", "x"),
            "VIEWONCE_SERVER__BND: unknown setting server.bnd; expected",
        ),
        (
            ("VIEWONCE_ENVIRONMENT", "test"),
            "VIEWONCE_ENVIRONMENT: expected development or production",
        ),
        (
            ("VIEWONCE_ACCESS__CREATE_TOKENS", "vo_x"),
            "VIEWONCE_ACCESS__CREATE_TOKENS: access.create_tokens: expected a list of hashes",
        ),
        (("SECRET_KEY", ""), "SECRET_KEY: a key is empty"),
        (("SECRET_KEY", "a\r"), "SECRET_KEY: expected a key on one line"),
        (("SECRET_KEY_PREVIOUS", "a,b\n"), "SECRET_KEY_PREVIOUS: expected a key on one line"),
        (("SECRET_KEY_FILE", "nothing"), "SECRET_KEY_FILE: nothing: cannot be read: "),
        (("SECRET_KEY_PREVIOUS", "a,,b"), "SECRET_KEY_PREVIOUS: a key is empty"),
    ];
    for (variable, expected) in cases {
        let line = complaint_of_variables(&[variable]);
        assert!(line.starts_with(&format!("viewonce: {expected}")), "{line}");
    }
    let line = complaint_of_variables(&[("SECRET_KEY", "x"), ("SECRET_KEY_FILE", "y")]);
    assert!(line.contains("SECRET_KEY and SECRET_KEY_FILE are both set"), "{line}");
}

#[test]
fn a_variable_that_is_not_utf8_is_named() {
    let text = OsStr::from_bytes(b"\xff");
    for name in ["SECRET_KEY", "SECRET_KEY_PREVIOUS_FILE", "VIEWONCE_STORE__PATH"] {
        let line = complaint(check(Path::new(".")).env(name, text));
        assert_eq!(line, format!("viewonce: {name}: expected UTF-8\n"));
    }
    let mut command = check(Path::new("."));
    assert!(command.env("OTHER", text).output().unwrap().status.success());
}

#[test]
fn a_missing_settings_file_is_named() {
    let line = complaint(check(Path::new(".")).args(["--config", "nothing.toml"]));
    assert!(line.starts_with("viewonce: nothing.toml: cannot be read: "), "{line}");
}

#[test]
fn variables_without_a_section_are_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = check(folder.path());
    assert!(command.env("VIEWONCE_PORT", "tcp://10.0.0.1:80").output().unwrap().status.success());
}

#[test]
fn variables_override_the_file_and_the_file_overrides_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("viewonce.toml"), "[server]\nworkers = 3\nmailbox = 5").unwrap();
    let mut command = check(folder.path());
    command.args(["--config", "viewonce.toml"]).env("VIEWONCE_SERVER__MAILBOX", "7");
    let printed: toml::Table =
        String::from_utf8(command.output().unwrap().stdout).unwrap().parse().unwrap();
    let server = &printed["server"];
    assert_eq!(
        (server["workers"].as_integer(), server["mailbox"].as_integer()),
        (Some(3), Some(7))
    );
    assert_eq!(printed["store"]["erase_seconds"].as_integer(), Some(60));
}
