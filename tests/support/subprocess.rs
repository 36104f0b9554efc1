//! Runs a test in a subprocess whose umask, limits or file system differ from those of the other tests.
#![allow(dead_code, reason = "no test binary uses all of it")]

use std::env;
use std::process::{Command, Output};

/// Mounts a file system of [`SMALL`] bytes on the folder for temporary files.
pub(crate) const ON_A_SMALL_FILE_SYSTEM: &str = r#"
    unshare --user --map-root-user --mount true || exit 77
    mount='mount -t tmpfs -o size=8m none "$TMPDIR" || exit 77; exec "$0" "$@"'
    exec unshare --user --map-root-user --mount sh -c "$mount" "$0" "$@""#;
/// Bytes of a small file system.
pub(crate) const SMALL: u64 = 8 << 20;
/// Ignores SIGXFSZ, so that a write beyond a later limit is an error and does not kill the process.
pub(crate) const WITHOUT_SIGNALS_OF_LIMITS: &str = "prlimit --version || exit 77; trap '' XFSZ";

/// Environment variable of such a process: the test's name.
const ALONE: &str = "VIEWONCE_TEST_ALONE";
/// If this environment variable is set, a test that would be skipped fails.
const ALL: &str = "VIEWONCE_TEST_ALL";
/// The exit code of the shell commands if this machine lacks the means for them.
const SKIP: i32 = 77;

/// Whether this is the subprocess of `test`. If not, runs the test in one.
pub(crate) fn is_alone(test: &str, prepare: &str) -> bool {
    let is_alone = env::var_os(ALONE).is_some_and(|name| name == test);
    if !is_alone {
        run_again(test, prepare);
    }
    is_alone
}

/// Runs `test` in another process after the shell commands of `prepare`, with a separate folder for
/// temporary files.
pub(crate) fn run_again(test: &str, prepare: &str) {
    let output = run(test, prepare);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(SKIP) && env::var_os(ALL).is_none() {
        eprintln!("{test} is skipped: {stderr}");
    } else {
        let has_passed = output.status.success() && stdout.contains("1 passed");
        assert!(has_passed, "{}\n{stdout}\n{stderr}", output.status);
    }
}

fn run(test: &str, prepare: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new("sh")
        .arg("-c")
        .arg(format!("{prepare}\nexec \"$0\" \"$@\""))
        .arg(env::current_exe().unwrap())
        .args(["--exact", test])
        .env(ALONE, test)
        .env("TMPDIR", folder.path())
        .output()
        .unwrap()
}
