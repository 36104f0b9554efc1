//! Process hardening: no core dumps, no ptrace by the same user, private files, the highest limit of
//! open files, and locked memory on request.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Service, complaint};
use crate::skip::skip;

const BINARY: &str = env!("CARGO_BIN_EXE_viewonce");
/// The id of an unprivileged user.
const NOBODY: u32 = 65_534;

/// A shell command that runs `prepare` and then `binary` in `folder`.
fn after(prepare: &str, binary: &Path, folder: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{prepare} \"$0\" \"$@\"")).arg(binary).current_dir(folder);
    shell.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    shell.env("VIEWONCE_SERVER__BIND", "127.0.0.1:0");
    shell
}

fn start(folder: TempDir, command: Command) -> Service {
    Service::start(folder, |default| {
        *default = command;
        default
    })
}

fn start_after(prepare: &str, change: impl FnOnce(&mut Command)) -> Service {
    let folder = tempfile::tempdir().unwrap();
    let mut command = after(&format!("{prepare}\nexec"), Path::new(BINARY), folder.path());
    change(&mut command);
    start(folder, command)
}

/// The rest of the line that begins with `name` in a file of the process below `/proc`.
fn line(service: &Service, file: &str, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{}/{file}", service.id())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| unreachable!("{file} has {name}")).trim().to_owned()
}

fn is_root(folder: &TempDir) -> bool {
    fs::metadata(folder.path()).unwrap().uid() == 0
}

/// Runs the binary as an unprivileged user. File permissions do not restrict root: as root, the tests
/// run a copy as another user in a folder of that user.
fn as_nobody(folder: &TempDir, prepare: &str) -> Command {
    if !is_root(folder) {
        return after(&format!("{prepare}\nexec"), Path::new(BINARY), folder.path());
    }
    let binary = folder.path().join("binary");
    // Copy in another process: a child that another test is forking inherits our open files until its
    // exec, and a file open for writing cannot be executed.
    assert!(Command::new("cp").arg(BINARY).arg(&binary).status().unwrap().success());
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let user = format!("exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups");
    after(&format!("{prepare}\n{user}"), &binary, folder.path())
}

#[test]
fn a_server_leaves_no_core_dump_and_makes_files_for_its_owner() {
    let service = start_after("umask 0; ulimit -c unlimited || true", |_command| {});
    let core = line(&service, "limits", "Max core file size");
    assert_eq!(core.split_whitespace().take(2).collect::<Vec<_>>(), ["0", "0"]);
    assert_eq!(line(&service, "status", "Umask:"), "0077");
}

#[test]
fn no_process_of_the_same_user_can_inspect_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let command = as_nobody(&folder, "");
    let service = start(folder, command);
    let user = line(&service, "status", "Uid:");
    let owner = fs::metadata(format!("/proc/{}/environ", service.id())).unwrap().uid();
    assert_ne!(user.split_whitespace().next().unwrap(), owner.to_string());
}

#[test]
fn a_server_raises_its_limit_of_open_files() {
    let service = start_after("ulimit -Sn 100", |_command| {});
    let files = line(&service, "limits", "Max open files");
    let files: Vec<_> = files.split_whitespace().take(2).collect();
    assert_eq!(files[0], files[1]);
}

#[test]
fn a_connection_limit_above_the_open_files_is_warned_of() {
    let service = start_after("ulimit -n 200", |command| {
        command.env("VIEWONCE_SERVER__WORKERS", "2").env("VIEWONCE_LIMITS__CONNECTIONS", "121");
    });
    let expected = "limits.connections: accepting 120 connections instead of 121, because this process \
                    may open only 200 files (RLIMIT_NOFILE)";
    let (log, _folder) = service.stop();
    assert!(log.contains(expected), "{log}");
    let service = start_after("ulimit -n 200", |command| {
        command.env("VIEWONCE_SERVER__WORKERS", "2").env("VIEWONCE_LIMITS__CONNECTIONS", "120");
    });
    let (log, _folder) = service.stop();
    assert!(!log.contains("limits.connections"), "{log}");
}

#[test]
fn memory_is_locked_on_request() {
    const LOCKED: &str = "VmLck:";
    let service = start_after("", |_command| {});
    assert_eq!(line(&service, "status", LOCKED), "0 kB");
    let folder = tempfile::tempdir().unwrap();
    let has_no_limit = Command::new("sh").args(["-c", "ulimit -l unlimited"]).status().unwrap();
    if !has_no_limit.success() && !is_root(&folder) {
        return skip("an unlimited RLIMIT_MEMLOCK").unwrap_or_default();
    }
    let service = start_after("ulimit -l unlimited || true", |command| {
        command.env("VIEWONCE_SERVER__LOCK_MEMORY", "true");
    });
    assert_ne!(line(&service, "status", LOCKED), "0 kB");
}

#[test]
fn memory_that_cannot_be_locked_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = as_nobody(&folder, "ulimit -l 64");
    let line = complaint(command.env("VIEWONCE_SERVER__LOCK_MEMORY", "true"));
    assert!(
        line.starts_with("viewonce: server.lock_memory: expected no limit of locked memory"),
        "{line}"
    );
}
