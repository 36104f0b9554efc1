//! Settings and keys: what is refused, with one line that names where, which and what instead.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;

use crate::process::{KEY, Service, complaint, viewonce};
use crate::skip::skip;

pub(crate) fn check(folder: &Path) -> Command {
    let mut command = viewonce(folder);
    command.arg("check");
    command
}

/// The line that is said of a file with this text.
pub(crate) fn complaint_of_file(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("viewonce.toml"), text).unwrap();
    complaint(
        check(folder.path())
            .env_remove("VIEWONCE_SERVER__BIND")
            .args(["--config", "viewonce.toml"]),
    )
}

/// The line that is said with these variables.
pub(crate) fn complaint_of_variables(variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    complaint(check(folder.path()).envs(variables.iter().copied()))
}

/// What may be wrong in a file, and what is said of it.
const WRONG_FILES: [(&str, &str); 33] = [
    ("[server]\nbnd = 5", "viewonce.toml: there is no setting server.bnd; expected one of "),
    ("server = 5", "viewonce.toml: there is no setting server; expected one of "),
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
    ("[store]\npath = 5", "viewonce.toml: store.path: expected a text"),
    (
        "[store]\nerase_seconds = -1",
        "viewonce.toml: store.erase_seconds: expected a number from 1 to ",
    ),
    (
        "[store]\nmax_bytes = 1000000",
        "viewonce.toml: store.max_bytes: expected 0, or a number from 8650752 to ",
    ),
    (
        "[store]\nmin_free_bytes = -1",
        "viewonce.toml: store.min_free_bytes: expected 0, or a number from 262144 to ",
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
    ("[passphrases]\nthreads = 1", "viewonce.toml: there is no setting passphrases.threads; "),
    ("[sever]", "viewonce.toml: there is no setting sever; expected one of "),
    ("[server.bind]", "viewonce.toml: server.bind: expected an address and a port"),
    ("[server]\nserve = \"both\"", "viewonce.toml: server.serve: expected all, create or view"),
    ("[server]\nserve = true", "viewonce.toml: server.serve: expected a text"),
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
fn what_is_wrong_in_a_file_is_named() {
    for (text, expected) in WRONG_FILES {
        let line = complaint_of_file(text);
        assert!(line.starts_with(&format!("viewonce: {expected}")), "{line}");
    }
}

#[test]
fn what_is_wrong_in_a_variable_is_named() {
    let cases = [
        (
            ("VIEWONCE_SERVER__WORKERS", "many"),
            "VIEWONCE_SERVER__WORKERS: server.workers: expected a number",
        ),
        (
            ("VIEWONCE_SERVER__BND", "x"),
            "VIEWONCE_SERVER__BND: there is no setting server.bnd; expected",
        ),
        (
            ("VIEWONCE_ENVIRONMENT", "test"),
            "VIEWONCE_ENVIRONMENT: expected development or production",
        ),
        (
            ("VIEWONCE_ACCESS__CREATE_TOKENS", "vo_x"),
            "VIEWONCE_ACCESS__CREATE_TOKENS: access.create_tokens: expected a list of hashes",
        ),
        (("SECRET_KEY", ""), "SECRET_KEY: there is an empty key"),
        (("SECRET_KEY", "a\r"), "SECRET_KEY: expected a key on one line"),
        (("SECRET_KEY_PREVIOUS", "a,b\n"), "SECRET_KEY_PREVIOUS: expected a key on one line"),
        (("SECRET_KEY_FILE", "nothing"), "SECRET_KEY_FILE: nothing: cannot be read: "),
        (("SECRET_KEY_PREVIOUS", "a,,b"), "SECRET_KEY_PREVIOUS: there is an empty key"),
    ];
    for (variable, expected) in cases {
        let line = complaint_of_variables(&[variable]);
        assert!(line.starts_with(&format!("viewonce: {expected}")), "{line}");
    }
    let line = complaint_of_variables(&[("SECRET_KEY", "x"), ("SECRET_KEY_FILE", "y")]);
    assert!(line.contains("SECRET_KEY and SECRET_KEY_FILE are both set"), "{line}");
}

#[test]
fn a_variable_that_is_no_text_is_named() {
    let text = OsStr::from_bytes(b"\xff");
    for name in ["SECRET_KEY", "SECRET_KEY_PREVIOUS_FILE", "VIEWONCE_STORE__PATH"] {
        let line = complaint(check(Path::new(".")).env(name, text));
        assert_eq!(line, format!("viewonce: {name}: expected UTF-8\n"));
    }
    let mut command = check(Path::new("."));
    assert!(command.env("OTHER", text).output().unwrap().status.success());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let line = complaint(check(Path::new(".")).args(["--config", "nothing.toml"]));
    assert!(line.starts_with("viewonce: nothing.toml: cannot be read: "), "{line}");
}

#[test]
fn names_of_another_form_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = check(folder.path());
    assert!(command.env("VIEWONCE_PORT", "tcp://10.0.0.1:80").output().unwrap().status.success());
}

#[test]
fn variables_come_over_the_file_and_the_file_over_the_defaults() {
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

/// Puts made-up files in the place of those that tell a process of its control group.
const WITH_A_CONTROL_GROUP: &str = r#"
    mount --bind cgroup "/proc/$$/cgroup" || exit 77
    mount --bind mountinfo "/proc/$$/mountinfo" || exit 77
    exec "$0" "$@""#;

/// The binary in `folder`, in a control group with this limit of memory.
fn limited(folder: &Path, limit: &str, command: &str) -> Command {
    let group = folder.join("group/service");
    fs::create_dir_all(&group).unwrap();
    fs::write(group.join("memory.max"), format!("{limit}\n")).unwrap();
    fs::write(folder.join("cgroup"), "0::/service\n").unwrap();
    let mount = format!("1 0 0:1 / {}/group rw - cgroup2 none rw\n", folder.display());
    fs::write(folder.join("mountinfo"), mount).unwrap();
    let mut limited = Command::new("unshare");
    limited
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", WITH_A_CONTROL_GROUP])
        .args([env!("CARGO_BIN_EXE_viewonce"), command])
        .current_dir(folder)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap())
        .env("VIEWONCE_SERVER__BIND", "127.0.0.1:0");
    limited
}

#[test]
fn the_limit_of_a_control_group_bounds_the_memory_for_passphrases() {
    const VARIABLE: &str = "VIEWONCE_PASSPHRASES__MEMORY_BYTES";
    let folder = tempfile::tempdir().unwrap();
    let printed = |mut command: Command| {
        let output = command.output().unwrap();
        let settings: toml::Table = String::from_utf8(output.stdout).unwrap().parse().unwrap();
        Some(settings.get("passphrases")?["memory_bytes"].as_integer().unwrap())
    };
    let check = |limit| limited(folder.path(), limit, "check");
    let Some(unlimited) = printed(check("max")) else {
        return skip("a mount namespace").unwrap_or_default();
    };
    assert!(unlimited >= 64 << 20);
    assert_eq!(printed(check("671088640")), Some(80 << 20), "an eighth of what may be had");
    assert_eq!(printed(check("100000000")), Some(64 << 20), "at least what one passphrase takes");
    let mut whole = check("100000000");
    whole.env(VARIABLE, "100000000");
    assert_eq!(printed(whole), Some(100_000_000));
    for command in ["check", "serve"] {
        let mut command = limited(folder.path(), "100000000", command);
        assert_eq!(
            complaint(command.env(VARIABLE, "100000001")),
            format!(
                "viewonce: {VARIABLE}: passphrases.memory_bytes: expected at most 100000000, the \
                 bytes that this process may have\n"
            )
        );
    }
}

#[test]
fn production_wants_a_good_key() {
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
fn the_development_key_serves_on_loopback_addresses_alone() {
    for key in [None, Some("development_secret_key")] {
        let mut command = check(Path::new("."));
        command.env("VIEWONCE_SERVER__BIND", "0.0.0.0:0").envs(key.map(|key| ("SECRET_KEY", key)));
        let line = complaint(&mut command);
        assert!(line.starts_with("viewonce: server.bind: expected a loopback address"), "{line}");
    }
}

#[test]
fn the_example_for_production_starts_as_it_is_given_a_key() {
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
    assert!(line.starts_with("viewonce: SECRET_KEY_FILE: there is an empty key"), "{line}");
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
