//! Runs a test in a subprocess whose umask, limits or file system differ from those of the other tests.
#![allow(dead_code, reason = "no test binary uses all of it")]

use std::env;
use std::process::{Command, Output};

/// Makes the folder for temporary files a file system of [`SMALL`] size.
pub(crate) const ON_A_SMALL_FILE_SYSTEM: &str = r#"
    unshare --user --map-root-user --mount true || exit 77
    mount='mount -t tmpfs -o size=2m none "$TMPDIR" || exit 77; exec "$0" "$@"'
    exec unshare --user --map-root-user --mount sh -c "$mount" "$0" "$@""#;
/// Bytes of a small file system.
pub(crate) const SMALL: u64 = 2 << 20;
/// A write beyond a limit that is set later is an error, and does not end the process.
pub(crate) const WITHOUT_SIGNALS_OF_LIMITS: &str = "prlimit --version || exit 77; trap '' XFSZ";

/// In the environment of such a process: the test's name.
const ALONE: &str = "VIEWONCE_TEST_ALONE";
/// Where it is in the environment, a test that is skipped fails.
const ALL: &str = "VIEWONCE_TEST_ALL";
/// The exit code of shell commands that find no means on this machine for what they prepare.
const SKIP: i32 = 77;

/// Whether this is the subprocess of `test`. If not, runs the test in one.
pub(crate) fn is_alone(test: &str, prepare: &str) -> bool {
    let is_alone = env::var_os(ALONE).is_some_and(|name| name == test);
    if !is_alone {
        run_again(test, prepare);
    }
    is_alone
}

/// Runs `test` in a process of its own that the shell commands of `prepare` have prepared, with a
/// folder of its own for temporary files.
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
