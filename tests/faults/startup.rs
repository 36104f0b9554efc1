//! Starts on damaged files: a log truncated anywhere, a file that is no database, a disk that cannot be
//! written or read. The server recovers a prefix of the commits, or refuses to start with one line and
//! has altered nothing.

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use futures_util::future::join_all;

use crate::client::{is_healthy, is_there, until_healthy};
use crate::fault_injection::{Fault, FaultInjector, calls, files};
use crate::process::{KEY, Service, complaint, viewonce};
use crate::replaced_files::file;
use crate::subprocess;
use crate::workload::Workload;

/// Number of secrets that are stored in sequence; some are viewed in between.
const SECRETS: usize = 12;
/// Reads that fail during a start: of which files, and after how many successful ones.
const READS: [(u64, u64); 6] = [
    (files::DATABASE, 0),
    (files::DATABASE, 1),
    (files::DATABASE, 3),
    (files::LOG, 0),
    (files::LOG, 1),
    (files::LOG, 5),
];
/// Number of lengths to which the log is truncated.
const CUTS: u64 = 24;

/// The error line of a server that refuses to start. Its address is in use, so that it stops even if it
/// can open its database.
pub(crate) fn refusal(command: &mut Command) -> String {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    complaint(command.env("SECRET_KEY", KEY).env("VIEWONCE_SERVER__BIND", address))
}

/// The living secrets after each commit, as a range of their numbers.
fn history() -> Vec<Vec<bool>> {
    let mut histories = vec![vec![false; SECRETS]];
    for number in 0..SECRETS {
        let mut now = histories.last().unwrap().clone();
        now[number] = true;
        histories.push(now.clone());
        if number % 3 == 2 {
            now[number / 3] = false;
            histories.push(now);
        }
    }
    histories
}

/// Performs that history on a server, then kills it; returns the tokens.
async fn live(service: &Service) -> Vec<String> {
    let mut tokens = Vec::new();
    for number in 0..SECRETS {
        tokens.push(service.store(&number.to_string()).await.unwrap());
        if number % 3 == 2 {
            assert!(service.view(&tokens[number / 3]).await.is_some());
        }
    }
    tokens
}

#[actix_web::test]
async fn a_log_truncated_anywhere_recovers_a_prefix_of_the_commits() {
    let service = Service::fresh();
    let tokens = live(&service).await;
    service.signal("KILL");
    let (_, _, source) = service.wait();
    let size = fs::metadata(file(source.path(), "-wal")).unwrap().len();
    let histories = history();
    let mut last = 0;
    for cut in 0..=CUTS {
        // Each length cuts a frame at another offset.
        let length = if cut == CUTS { size } else { size * cut / CUTS + cut };
        let service = start_cut(source.path(), length);
        let left: Vec<bool> = join_all(tokens.iter().map(|token| is_there(&service, token))).await;
        let place = histories.iter().position(|history| *history == left);
        let place = place.unwrap_or_else(|| unreachable!("cut to {length}: {left:?}"));
        assert!(place >= last, "a longer log brings back no less");
        last = place;
    }
    assert_eq!(last, histories.len() - 1);
}

/// A server on a copy of a database with a truncated log.
fn start_cut(source: &Path, length: u64) -> Service {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("storage/db")).unwrap();
    for end in ["", "-wal"] {
        fs::copy(file(source, end), file(folder.path(), end)).unwrap();
    }
    let log = OpenOptions::new().write(true).open(file(folder.path(), "-wal")).unwrap();
    log.set_len(length).unwrap();
    Service::start(folder, |command| command)
}

#[actix_web::test]
async fn a_file_that_is_not_a_database_is_refused_and_left_unchanged() {
    let service = Service::fresh();
    let workload = Workload::prepare(&service).await;
    let (_log, folder) = service.stop();
    let path = file(folder.path(), "");
    let good = fs::read(&path).unwrap();
    let mut no_schema = good.clone();
    no_schema[100..1_000].fill(0xa5);
    for bad in [b"garbage\n".repeat(1_000), good[..good.len() / 2].to_vec(), no_schema] {
        fs::write(&path, &bad).unwrap();
        let text = refusal(&mut viewonce(folder.path()));
        assert!(text.contains("viewonce.sqlite3: "), "{text}");
        assert!(fs::read(&path).unwrap() == bad, "{text}");
    }
    fs::write(&path, good).unwrap();
    workload.finish(&Service::start(folder, |command| command)).await;
}

#[actix_web::test]
async fn a_disk_that_cannot_be_written_serves_no_secret_from_the_start_on() {
    let injector = FaultInjector::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| injector.under(command));
    let mut workload = Workload::prepare(&service).await;
    let (_log, folder) = service.stop();
    let all = files::DATABASE | files::LOG;
    injector.fail(Fault::new(libc::EROFS, calls::WRITE | calls::TRUNCATE | calls::SYNC, all));
    let service = Service::start(folder, |command| injector.under(command));
    workload.attempt(&service).await;
    assert!(workload.is_refused());
    assert!(!is_healthy(&service).await);
    injector.mend();
    until_healthy(&service, true).await;
    workload.finish(&service).await;
}

#[actix_web::test]
async fn a_disk_that_cannot_be_read_is_named_at_the_start_and_loses_nothing() {
    let injector = FaultInjector::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| injector.under(command));
    let mut workload = Workload::prepare(&service).await;
    workload.attempt(&service).await;
    service.signal("KILL");
    let (_, _, folder) = service.wait();
    for (files, before) in READS {
        injector.fail(Fault::new(libc::EIO, calls::READ, files).after(before));
        let text = refusal(injector.under(&mut viewonce(folder.path())));
        let is_named = text.contains("viewonce.sqlite3: cannot be ");
        assert_eq!(is_named, injector.failed() > 0, "{text}");
    }
    injector.mend();
    let service = Service::start(folder, |command| injector.under(command));
    workload.finish(&service).await;
}

#[actix_web::test]
async fn a_file_system_that_is_read_only_is_named_at_the_start() {
    let test = "startup::a_file_system_that_is_read_only_is_named_at_the_start";
    if subprocess::is_alone(test, subprocess::ON_A_SMALL_FILE_SYSTEM) {
        let service = Service::start(tempfile::tempdir().unwrap(), crate::unbounded);
        let token = service.store("x").await.unwrap();
        let (_log, folder) = service.stop();
        remount("ro");
        let text = refusal(&mut viewonce(folder.path()));
        assert!(text.contains("storage/db/viewonce.sqlite3"), "{text}");
        remount("rw");
        let service = Service::start(folder, crate::unbounded);
        assert_eq!(service.view(&token).await.as_deref(), Some("x"));
    }
}

fn remount(how: &str) {
    let mut mount = Command::new("mount");
    let mount = mount.arg("-o").arg(format!("remount,{how}")).arg(std::env::temp_dir());
    assert!(mount.status().unwrap().success());
}
