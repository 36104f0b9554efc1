//! The files that a server creates, and errors when it cannot.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Service, complaint, viewonce};

/// Every file and folder below `folder`, and its permissions.
fn permissions(folder: &Path) -> Vec<(PathBuf, u32)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            let below = if path.is_dir() { permissions(&path) } else { Vec::new() };
            std::iter::once((path, mode)).chain(below)
        })
        .collect()
}

#[actix_web::test]
async fn files_are_private_whatever_the_umask() {
    for umask in ["000", "022", "277"] {
        let service = Service::start(tempfile::tempdir().unwrap(), |command| {
            let mut shell = Command::new("sh");
            let script = format!("umask {umask} && exec \"$0\"");
            shell.arg("-c").arg(script).arg(command.get_program()).env_clear();
            shell.current_dir(command.get_current_dir().unwrap());
            shell.env("VIEWONCE_SERVER__BIND", "127.0.0.1:0");
            *command = shell;
            command
        });
        service.store("x").await.unwrap();
        let found = permissions(service.folder.path());
        assert!(found.iter().any(|(path, _)| path.ends_with("viewonce.sqlite3-wal")));
        for (path, mode) in found {
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, expected, "umask {umask}: {}", path.display());
        }
    }
}

#[test]
fn a_path_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "not a folder").unwrap();
    let mut command = viewonce(folder.path());
    let line =
        complaint(command.arg("migrate").env("VIEWONCE_STORE__PATH", "file/viewonce.sqlite3"));
    assert!(
        line.starts_with("viewonce: file/viewonce.sqlite3.lock: cannot be created or written: "),
        "{line}"
    );
}

#[test]
fn a_file_that_is_not_a_database_is_named_and_left_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("diary.txt");
    let text = "dear diary, ".repeat(1_000);
    fs::write(&path, &text).unwrap();
    let line =
        complaint(viewonce(folder.path()).arg("migrate").env("VIEWONCE_STORE__PATH", "diary.txt"));
    assert!(line.starts_with("viewonce: diary.txt: cannot be opened: "), "{line}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let mut command = viewonce(folder.path());
    command.env("VIEWONCE_SERVER__BIND", &address).env("SECRET_KEY", "x");
    let output = command.env("RUST_LOG", "off").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.starts_with(&format!("viewonce: server.bind: cannot listen on {address}: ")),
        "{text}"
    );
}
