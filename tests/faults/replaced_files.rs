//! Files that are replaced, removed, truncated or overwritten under a running server: it acknowledges
//! nothing that the next start would not find, and recovers when the files are restored.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::client::{Effect, is_healthy, until_healthy};
use crate::process::{Service, viewonce};
use crate::startup::refusal;
use crate::workload::Workload;

/// The database of a server in `folder`, or its log.
pub(crate) fn file(folder: &Path, end: &str) -> PathBuf {
    folder.join(["storage/db/viewonce.sqlite3", end].concat())
}

/// Alters a file of a running server by `alter` and restores it by `restore`; both get its original
/// bytes.
async fn alter_and_restore(end: &str, alter: fn(&Path, &[u8]), restore: fn(&Path, &[u8])) {
    let service = Service::fresh();
    let mut workload = Workload::prepare(&service).await;
    let path = file(service.folder.path(), end);
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.is_empty());
    alter(&path, &bytes);
    workload.attempt(&service).await;
    assert!(workload.is_all(Effect::NotDone));
    assert!(!is_healthy(&service).await);
    restore(&path, &bytes);
    until_healthy(&service, true).await;
    workload.check(&service).await;
    workload.attempt(&service).await;
    service.signal("KILL");
    let (_, _, folder) = service.wait();
    workload.finish(&Service::start(folder, |command| command)).await;
}

/// A server that stops while one of its files is missing does not create that file again. A log that was
/// only renamed is still checkpointed.
#[actix_web::test]
async fn a_stop_without_the_files_loses_nothing() {
    for (end, code) in [("", 1), ("-wal", 0)] {
        let service = Service::fresh();
        let mut workload = Workload::prepare(&service).await;
        workload.attempt(&service).await;
        let path = file(service.folder.path(), end);
        fs::rename(&path, away(&path)).unwrap();
        service.signal("TERM");
        let (status, log, folder) = service.wait();
        assert_eq!(status.code(), Some(code), "{log}");
        assert!(!path.exists());
        fs::rename(away(&path), &path).unwrap();
        workload.finish(&Service::start(folder, |command| command)).await;
    }
}

fn away(path: &Path) -> PathBuf {
    path.with_extension("away")
}

fn rename_back(path: &Path, _bytes: &[u8]) {
    fs::rename(away(path), path).unwrap();
}

#[actix_web::test]
async fn removed_files_are_noticed() {
    for end in ["", "-wal"] {
        let remove = |path: &Path, _: &[u8]| fs::rename(path, away(path)).unwrap();
        alter_and_restore(end, remove, rename_back).await;
    }
}

#[actix_web::test]
async fn replaced_files_are_not_written() {
    for end in ["", "-wal"] {
        let replace = |path: &Path, bytes: &[u8]| {
            fs::rename(path, away(path)).unwrap();
            fs::write(path, bytes).unwrap();
        };
        alter_and_restore(end, replace, rename_back).await;
    }
}

#[actix_web::test]
async fn a_truncated_log_is_not_written() {
    let cut = |path: &Path, bytes: &[u8]| {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(bytes.len() as u64 / 2).unwrap();
    };
    alter_and_restore("-wal", cut, write_over).await;
}

fn write_over(path: &Path, bytes: &[u8]) {
    OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, 0).unwrap();
}

/// The server may still serve cached pages; but nothing is shown twice, and a start on the overwritten
/// file fails with its reason.
#[actix_web::test]
async fn a_database_that_is_overwritten_shows_nothing_else() {
    let service = Service::fresh();
    let mut workload = Workload::prepare(&service).await;
    let (_log, folder) = service.stop();
    let service = Service::start(folder, |command| command);
    let path = file(service.folder.path(), "");
    let size = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
    write_over(&path, &b"garbage\n".repeat(size / 8));
    workload.attempt(&service).await;
    assert!(workload.is_refused());
    assert!(!is_healthy(&service).await);
    service.signal("KILL");
    let (_, _, folder) = service.wait();
    let text = refusal(&mut viewonce(folder.path()));
    assert!(text.contains("viewonce.sqlite3: "), "{text}");
}
