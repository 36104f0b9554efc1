//! A failing disk: writes, syncs, reads and truncations of the log and the database fail, from the first
//! call on or later, during all kinds of requests.

use futures_util::future::join;

use crate::client::{Effect, ask, is_healthy, until_healthy, view};
use crate::fault_injection::{Fault, FaultInjector, calls, draws, files};
use crate::process::Service;
use crate::with_long_repeats;
use crate::workload::Workload;

const ALL_CALLS: u64 = calls::WRITE | calls::SYNC | calls::READ | calls::TRUNCATE;
const ALL_FILES: u64 = files::DATABASE | files::LOG;

/// A server that purges, and thereby checkpoints the log, every second.
fn start(injector: &FaultInjector, folder: tempfile::TempDir) -> Service {
    start_with_purges(injector, folder, "1")
}

/// A server with this purge interval in seconds, which allows repeats for as long as a workload is
/// checked.
fn start_with_purges(
    injector: &FaultInjector,
    folder: tempfile::TempDir,
    interval: &str,
) -> Service {
    Service::start(folder, |command| {
        let command = with_long_repeats(injector.under(command));
        command.env("VIEWONCE_JANITOR__INTERVAL_SECONDS", interval)
    })
}

/// Runs a workload while `fault` holds; some of it must fail.
async fn refuse(injector: &FaultInjector, service: &Service, fault: Fault) -> Workload {
    let mut workload = Workload::prepare(service).await;
    injector.fail(fault);
    workload.attempt(service).await;
    assert!(injector.failed() > 0, "{fault:?}");
    assert!(workload.is_refused(), "{fault:?}");
    assert!(!is_healthy(service).await, "{fault:?}");
    workload
}

/// Exposes a server to each of `faults` twice: once it passes, and once it ends in a power cut.
async fn survive(
    faults: &[Fault],
    suffer: impl AsyncFn(&FaultInjector, &Service, Fault) -> Workload,
) {
    let injector = FaultInjector::new();
    let mut service = start(&injector, tempfile::tempdir().unwrap());
    for (&fault, seed) in faults.iter().zip(1..) {
        let mut passed = suffer(&injector, &service, fault).await;
        injector.mend();
        until_healthy(&service, true).await;
        passed.check(&service).await;
        let last = suffer(&injector, &service, fault).await;
        service.signal("KILL");
        let (_, _, folder) = service.wait();
        injector.mend();
        injector.cut_power(draws(seed));
        service = start(&injector, folder);
        passed.finish(&service).await;
        last.finish(&service).await;
    }
}

#[actix_web::test]
async fn failing_log_writes_leave_nothing_half_done() {
    let fault = |error| Fault::new(error, calls::WRITE, files::LOG);
    let faults = [
        fault(libc::ENOSPC),
        fault(libc::ENOSPC).after(1),
        fault(libc::ENOSPC).after(3).torn(),
        fault(libc::ENOSPC).after(20),
        fault(libc::EIO),
        fault(libc::EIO).after(1).torn(),
        fault(libc::EIO).after(6).torn(),
        fault(libc::EROFS),
        fault(libc::EROFS).after(7),
        // The whole disk fails, in the middle of a transaction.
        Fault::new(libc::EIO, ALL_CALLS, ALL_FILES).after(5),
    ];
    survive(&faults, refuse).await;
}

#[actix_web::test]
async fn failing_log_syncs_leave_nothing_half_done() {
    let fault = |error| Fault::new(error, calls::SYNC, files::LOG);
    let faults = [
        fault(libc::ENOSPC),
        fault(libc::ENOSPC).after(1),
        fault(libc::EIO),
        fault(libc::EIO).after(1),
        fault(libc::EROFS),
    ];
    survive(&faults, refuse).await;
}

/// The commit of a view is written, but not synced: whether recovery finds it depends on the disk.
#[actix_web::test]
async fn a_view_with_an_unknown_outcome_says_so_and_shows_nothing() {
    let injector = FaultInjector::new();
    for is_kept in [true, false] {
        let service = start(&injector, tempfile::tempdir().unwrap());
        let token = service.store("x").await.unwrap();
        injector.fail(Fault::new(libc::EIO, calls::SYNC, files::LOG));
        let answer = ask(view(&service, &token)).await;
        assert_eq!((answer.effect(), answer.text("content")), (Effect::Unknown, None));
        service.signal("KILL");
        let (_, _, folder) = service.wait();
        injector.mend();
        injector.cut_power(|| is_kept);
        let left = start(&injector, folder).view(&token).await;
        assert_eq!(left.as_deref(), (!is_kept).then_some("x"));
    }
}

/// Runs a workload while the log cannot be checkpointed into the database.
async fn serve(injector: &FaultInjector, service: &Service, fault: Fault) -> Workload {
    let mut first = Workload::prepare(service).await;
    let mut second = Workload::prepare(service).await;
    injector.fail(fault);
    first.attempt(service).await;
    until_healthy(service, false).await;
    second.attempt(service).await;
    assert!(injector.failed() > 0, "{fault:?}");
    assert!(!is_healthy(service).await, "{fault:?}");
    let both = first.and(second);
    assert!(both.is_all(Effect::Done), "{fault:?}");
    both
}

#[actix_web::test]
async fn a_failing_checkpoint_is_reported_and_loses_nothing() {
    let write = |error| Fault::new(error, calls::WRITE, files::DATABASE);
    let writes = [
        write(libc::ENOSPC),
        write(libc::EIO).after(1).torn(),
        write(libc::EIO).after(3),
        write(libc::EROFS),
    ];
    let others = [
        Fault::new(libc::EIO, calls::SYNC, files::DATABASE),
        Fault::new(libc::EIO, calls::READ, files::LOG),
        Fault::new(libc::EIO, calls::TRUNCATE, ALL_FILES),
    ];
    // In parallel, because these tests mostly wait for purges.
    join(survive(&writes, serve), survive(&others, serve)).await;
}

/// The log has so many pages that each commit tries a checkpoint.
#[actix_web::test]
async fn the_service_works_on_while_the_database_cannot_be_written() {
    let injector = FaultInjector::new();
    let service = start(&injector, tempfile::tempdir().unwrap());
    injector.fail(Fault::new(libc::ENOSPC, calls::WRITE, files::DATABASE).after(50).torn());
    let content = "x".repeat(60_000);
    let mut tokens = Vec::new();
    for _ in 0..100 {
        tokens.push(service.store(&content).await.expect("the log takes it"));
    }
    let seen = tokens.split_off(50);
    for token in &seen {
        assert_eq!(service.view(token).await.as_ref(), Some(&content));
    }
    assert!(injector.failed() > 1);
    service.signal("KILL");
    let (_, _, folder) = service.wait();
    injector.mend();
    injector.cut_power(draws(1));
    let service = start(&injector, folder);
    for token in &tokens {
        assert_eq!(service.view(token).await.as_ref(), Some(&content));
    }
    for token in tokens.iter().chain(&seen) {
        assert_eq!(ask(view(&service, token)).await.status, 404);
    }
}

#[actix_web::test]
async fn a_disk_that_cannot_be_read_consumes_nothing() {
    let injector = FaultInjector::new();
    let service = start(&injector, tempfile::tempdir().unwrap());
    let mut workload = Workload::prepare(&service).await;
    let (_log, folder) = service.stop();
    // No page of the secrets is cached yet.
    let service = start(&injector, folder);
    injector.fail(Fault::new(libc::EIO, calls::READ, files::DATABASE));
    workload.read_states(&service).await;
    workload.attempt(&service).await;
    assert!(injector.failed() > 0 && workload.is_refused());
    injector.mend();
    until_healthy(&service, true).await;
    workload.check(&service).await;
    service.signal("KILL");
    let (_, _, folder) = service.wait();
    workload.finish(&start(&injector, folder)).await;
}

#[actix_web::test]
async fn a_stop_on_a_failing_disk_is_reported_and_loses_nothing() {
    let injector = FaultInjector::new();
    // No purge checkpoints the log before the disk fails.
    let start = |folder| start_with_purges(&injector, folder, "60");
    let mut service = start(tempfile::tempdir().unwrap());
    let faults = [
        Fault::new(libc::ENOSPC, calls::WRITE, files::DATABASE).after(1).torn(),
        Fault::new(libc::EIO, calls::SYNC, files::DATABASE),
        Fault::new(libc::EIO, calls::TRUNCATE, ALL_FILES),
        Fault::new(libc::EIO, ALL_CALLS, ALL_FILES),
    ];
    for (fault, seed) in faults.into_iter().zip(1..) {
        let mut workload = Workload::prepare(&service).await;
        workload.attempt(&service).await;
        injector.fail(fault);
        service.signal("TERM");
        let (status, log, folder) = service.wait();
        assert_eq!(status.code(), Some(1), "{fault:?}: {log}");
        let last = log.lines().last().unwrap();
        assert!(last.starts_with("viewonce: the store did not close: "), "{last}");
        injector.mend();
        injector.cut_power(draws(seed));
        service = start(folder);
        workload.finish(&service).await;
    }
}
