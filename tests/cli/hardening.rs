//! What the system may do with a server: no core dumps, no looking into it, files for their owner
//! alone, as many open files as there may be, and no swapping if that is asked for.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Service, complaint};
use crate::skip::skip;

const BINARY: &str = env!("CARGO_BIN_EXE_viewonce");
/// Somebody who may do nothing special.
const NOBODY: u32 = 65_534;

/// A command that runs `binary` in `folder`, by these commands of a shell, the last of which
/// is the one that runs it.
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

/// The line of a file below `/proc` that begins with `name`, without that.
fn line(service: &Service, file: &str, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{}/{file}", service.id())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| unreachable!("{file} has {name}")).trim().to_owned()
}

fn is_root(folder: &TempDir) -> bool {
    fs::metadata(folder.path()).unwrap().uid() == 0
}

/// Runs the binary as somebody who may do nothing special. What belongs to root tells nothing about a
/// process of root's: its tests run a copy as somebody else, in a folder of theirs.
fn as_nobody(folder: &TempDir, prepare: &str) -> Command {
    if !is_root(folder) {
        return after(&format!("{prepare}\nexec"), Path::new(BINARY), folder.path());
    }
    let binary = folder.path().join("binary");
    // By another process: what this one has open for writing, a child that another test is starting has,
    // too, until it has become another program, and nothing is run that somebody writes.
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
fn nobody_of_the_same_user_looks_into_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let command = as_nobody(&folder, "");
    let service = start(folder, command);
    let user = line(&service, "status", "Uid:");
    let owner = fs::metadata(format!("/proc/{}/environ", service.id())).unwrap().uid();
    assert_ne!(user.split_whitespace().next().unwrap(), owner.to_string());
}

#[test]
fn a_server_opens_as_many_files_as_it_may() {
    let service = start_after("ulimit -Sn 100", |_command| {});
    let files = line(&service, "limits", "Max open files");
    let files: Vec<_> = files.split_whitespace().take(2).collect();
    assert_eq!(files[0], files[1]);
}

#[test]
fn connections_that_cannot_be_had_are_warned_of() {
    let service = start_after("ulimit -n 200", |command| {
        command.env("VIEWONCE_SERVER__WORKERS", "2").env("VIEWONCE_LIMITS__CONNECTIONS", "121");
    });
    let expected = "limits.connections: 121 connections cannot be had, as this process may open 200 \
                    files only (RLIMIT_NOFILE); it accepts 120";
    let (log, _folder) = service.stop();
    assert!(log.contains(expected), "{log}");
    let service = start_after("ulimit -n 200", |command| {
        command.env("VIEWONCE_SERVER__WORKERS", "2").env("VIEWONCE_LIMITS__CONNECTIONS", "120");
    });
    let (log, _folder) = service.stop();
    assert!(!log.contains("limits.connections"), "{log}");
}

#[test]
fn memory_is_locked_if_that_is_asked_for() {
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
