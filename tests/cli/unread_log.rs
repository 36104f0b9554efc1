//! A log that nobody reads: no request, start, stop or error waits for it, and the lines that do not fit
//! are counted.

use std::io::{Read as _, Write as _, pipe};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use futures_util::future::join_all;

use crate::process::{Guarded, Service, free_address, viewonce};
use crate::unread::{CALLERS, SOON, client, dropped, overflow_log, start_unread, told_dropped};

/// Secrets that are stored and viewed.
const SECRETS: usize = 2_000;
/// Bytes that fill a pipe.
const PIPE: usize = 65_536;

/// Stores and views secrets, one after another.
async fn store_and_view(service: &Service, secrets: usize) {
    for number in 0..secrets {
        let content = number.to_string();
        let token = service.store(&content).await.expect("a secret is stored");
        assert_eq!(service.view(&token).await, Some(content));
    }
}

#[actix_web::test]
async fn a_log_that_nobody_reads_stops_no_request_and_counts_what_it_drops() {
    let (service, metrics) = start_unread(|command| command);
    join_all((0..CALLERS).map(|_| store_and_view(&service, SECRETS / CALLERS))).await;
    let mut requests = 2 * (SECRETS / CALLERS * CALLERS) as u64;
    requests += overflow_log(&service, &metrics).await;
    service.leave_unread(false);
    let begun = Instant::now();
    while told_dropped(&service.log()) < dropped(&service, &metrics).await {
        requests += 1;
        assert!(begun.elapsed() < SOON, "the log tells what was dropped");
        sleep(Duration::from_millis(50)).await;
    }
    let counted = dropped(&service, &metrics).await;
    requests += 2;
    let (log, _folder) = service.stop();
    let lines =
        log.lines().filter(|line| line.contains(" viewonce::access: request ")).count() as u64;
    assert_eq!(told_dropped(&log), counted);
    assert_eq!(lines + counted, requests);
    assert!(log.ends_with("stopped\n"), "the stop waits for the log");
}

#[actix_web::test]
async fn a_server_whose_log_nobody_reads_stops_in_time() {
    let (mut service, metrics) = start_unread(|command| command);
    overflow_log(&service, &metrics).await;
    service.signal("TERM");
    assert_eq!(service.exit_within(SOON).code(), Some(0));
    service.leave_unread(false);
}

#[actix_web::test]
async fn a_server_starts_while_nobody_reads_its_log_and_loses_no_line() {
    let (mut reader, mut writer) = pipe().unwrap();
    writer.write_all(&vec![b'\n'; PIPE]).unwrap();
    // No other test uses this address.
    let address = free_address(Ipv4Addr::new(127, 0, 0, 79));
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::start_unheard(folder, address, |command| command.stderr(writer));
    service.client = client();
    store_and_view(&service, 10).await;
    let reading = thread::spawn(move || {
        let mut log = String::new();
        reader.read_to_string(&mut log).unwrap();
        log
    });
    service.signal("TERM");
    assert!(service.exit_within(SOON).success());
    let log = reading.join().unwrap();
    assert!(log.contains("listening on") && log.ends_with("stopped\n"), "{log}");
    assert_eq!(log.lines().filter(|line| line.contains("viewonce::access")).count(), 20);
}

/// Asserts that a command whose error nobody reads ends with that error.
fn assert_fails_soon(command: &mut Command) {
    let (_reader, mut writer) = pipe().unwrap();
    writer.write_all(&vec![b'\n'; PIPE]).unwrap();
    let mut child = Guarded(command.stderr(writer).spawn().unwrap());
    assert_eq!(child.exit_within(SOON).code(), Some(1));
}

#[test]
fn an_error_that_nobody_reads_ends_the_process() {
    let folder = tempfile::tempdir().unwrap();
    assert_fails_soon(viewonce(folder.path()).arg("check").env("VIEWONCE_SERVER__BIND", "x"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_fails_soon(viewonce(folder.path()).env("VIEWONCE_SERVER__BIND", address));
}
