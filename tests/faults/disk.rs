//! A disk that fails: writes, syncs, reads and truncations of the log and of the database, from the
//! first on or later, in the midst of requests of all kinds.

use futures_util::future::join;

use crate::caller::{Told, ask, is_healthy, until_healthy, view};
use crate::layer::{Fault, Layer, calls, draws, files};
use crate::mixture::Mixture;
use crate::patient;
use crate::process::Service;

const ALL_CALLS: u64 = calls::WRITE | calls::SYNC | calls::READ | calls::TRUNCATE;
const ALL_FILES: u64 = files::DATABASE | files::LOG;

/// A server whose purges, which move the log into the database, are a second apart.
fn start(layer: &Layer, folder: tempfile::TempDir) -> Service {
    start_with_purges(layer, folder, "1")
}

/// A server whose purges are so many seconds apart, and which keeps what is revealed for as long as a
/// mixture is looked at.
fn start_with_purges(layer: &Layer, folder: tempfile::TempDir, interval: &str) -> Service {
    Service::start(folder, |command| {
        let command = patient(layer.under(command));
        command.env("VIEWONCE_JANITOR__INTERVAL_SECONDS", interval)
    })
}

/// Asks for all kinds of things while `fault` holds.
async fn refuse(layer: &Layer, service: &Service, fault: Fault) -> Mixture {
    let mut mixture = Mixture::prepare(service).await;
    layer.fail(fault);
    mixture.attempt(service).await;
    assert!(layer.failed() > 0, "{fault:?}");
    assert!(mixture.is_refused(), "{fault:?}");
    assert!(!is_healthy(service).await, "{fault:?}");
    mixture
}

/// Has a server suffer each of `faults` twice: once it passes, and then the power goes with it.
async fn survive(faults: &[Fault], suffer: impl AsyncFn(&Layer, &Service, Fault) -> Mixture) {
    let layer = Layer::new();
    let mut service = start(&layer, tempfile::tempdir().unwrap());
    for (&fault, seed) in faults.iter().zip(1..) {
        let mut passed = suffer(&layer, &service, fault).await;
        layer.mend();
        until_healthy(&service, true).await;
        passed.judge(&service).await;
        let last = suffer(&layer, &service, fault).await;
        service.signal("KILL");
        let (_, _, folder) = service.wait();
        layer.mend();
        layer.cut_power(draws(seed));
        service = start(&layer, folder);
        passed.finish(&service).await;
        last.finish(&service).await;
    }
}

#[actix_web::test]
async fn writes_to_the_log_that_fail_do_nothing_by_halves() {
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
        // The whole disk, from somewhere in the midst of a transaction on.
        Fault::new(libc::EIO, ALL_CALLS, ALL_FILES).after(5),
    ];
    survive(&faults, refuse).await;
}

#[actix_web::test]
async fn syncs_of_the_log_that_fail_do_nothing_by_halves() {
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

/// A view whose commit is written and not synced: what the log brings back depends on the disk.
#[actix_web::test]
async fn a_view_whose_outcome_is_unknown_is_told_so_and_shows_nothing() {
    let layer = Layer::new();
    for is_kept in [true, false] {
        let service = start(&layer, tempfile::tempdir().unwrap());
        let token = service.store("x").await.unwrap();
        layer.fail(Fault::new(libc::EIO, calls::SYNC, files::LOG));
        let answer = ask(view(&service, &token)).await;
        assert_eq!((answer.told(), answer.text("content")), (Told::Unknown, None));
        service.signal("KILL");
        let (_, _, folder) = service.wait();
        layer.mend();
        layer.cut_power(|| is_kept);
        let left = start(&layer, folder).view(&token).await;
        assert_eq!(left.as_deref(), (!is_kept).then_some("x"));
    }
}

/// Asks for all kinds of things while what is to be moved from the log to the database cannot be.
async fn serve(layer: &Layer, service: &Service, fault: Fault) -> Mixture {
    let mut first = Mixture::prepare(service).await;
    let mut second = Mixture::prepare(service).await;
    layer.fail(fault);
    first.attempt(service).await;
    until_healthy(service, false).await;
    second.attempt(service).await;
    assert!(layer.failed() > 0, "{fault:?}");
    assert!(!is_healthy(service).await, "{fault:?}");
    let both = first.and(second);
    assert!(both.is_all(Told::Done), "{fault:?}");
    both
}

#[actix_web::test]
async fn a_log_that_cannot_be_moved_is_told_and_loses_nothing() {
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
    // Side by side: most of it is waiting for purges.
    join(survive(&writes, serve), survive(&others, serve)).await;
}

/// So many pages that each commit tries to move them to the database.
#[actix_web::test]
async fn a_log_that_grows_beside_a_database_that_cannot_be_written_serves_on() {
    let layer = Layer::new();
    let service = start(&layer, tempfile::tempdir().unwrap());
    layer.fail(Fault::new(libc::ENOSPC, calls::WRITE, files::DATABASE).after(50).torn());
    let content = "x".repeat(60_000);
    let mut tokens = Vec::new();
    for _ in 0..30 {
        tokens.push(service.store(&content).await.expect("the log takes it"));
    }
    let seen = tokens.split_off(15);
    for token in &seen {
        assert_eq!(service.view(token).await.as_ref(), Some(&content));
    }
    assert!(layer.failed() > 1);
    service.signal("KILL");
    let (_, _, folder) = service.wait();
    layer.mend();
    layer.cut_power(draws(1));
    let service = start(&layer, folder);
    for token in &tokens {
        assert_eq!(service.view(token).await.as_ref(), Some(&content));
    }
    for token in tokens.iter().chain(&seen) {
        assert_eq!(ask(view(&service, token)).await.status, 404);
    }
}

#[actix_web::test]
async fn a_disk_that_cannot_be_read_consumes_nothing() {
    let layer = Layer::new();
    let service = start(&layer, tempfile::tempdir().unwrap());
    let mut mixture = Mixture::prepare(&service).await;
    let (_log, folder) = service.stop();
    // Nothing of the secrets is in its memory yet.
    let service = start(&layer, folder);
    layer.fail(Fault::new(libc::EIO, calls::READ, files::DATABASE));
    mixture.look(&service).await;
    mixture.attempt(&service).await;
    assert!(layer.failed() > 0 && mixture.is_refused());
    layer.mend();
    until_healthy(&service, true).await;
    mixture.judge(&service).await;
    service.signal("KILL");
    let (_, _, folder) = service.wait();
    mixture.finish(&start(&layer, folder)).await;
}

#[actix_web::test]
async fn a_stop_on_a_failing_disk_is_told_and_loses_nothing() {
    let layer = Layer::new();
    // No purge moves the log before the disk fails.
    let start = |folder| start_with_purges(&layer, folder, "60");
    let mut service = start(tempfile::tempdir().unwrap());
    let faults = [
        Fault::new(libc::ENOSPC, calls::WRITE, files::DATABASE).after(1).torn(),
        Fault::new(libc::EIO, calls::SYNC, files::DATABASE),
        Fault::new(libc::EIO, calls::TRUNCATE, ALL_FILES),
        Fault::new(libc::EIO, ALL_CALLS, ALL_FILES),
    ];
    for (fault, seed) in faults.into_iter().zip(1..) {
        let mut mixture = Mixture::prepare(&service).await;
        mixture.attempt(&service).await;
        layer.fail(fault);
        service.signal("TERM");
        let (status, log, folder) = service.wait();
        assert_eq!(status.code(), Some(1), "{fault:?}: {log}");
        let last = log.lines().last().unwrap();
        assert!(last.starts_with("viewonce: the store did not close: "), "{last}");
        layer.mend();
        layer.cut_power(draws(seed));
        service = start(folder);
        mixture.finish(&service).await;
    }
}
