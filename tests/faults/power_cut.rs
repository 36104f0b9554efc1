//! Tests of the fault injector: a power cut undoes unsynced writes and keeps synced ones.

use crate::fault_injection::FaultInjector;
use crate::process::Service;

/// The contents of two secrets after a power cut; the second was stored after `change`.
async fn left(
    change: impl FnOnce(&FaultInjector),
    draw: impl FnMut() -> bool,
) -> [Option<String>; 2] {
    let injector = FaultInjector::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| injector.under(command));
    let first = service.store("x").await.unwrap();
    change(&injector);
    let second = service.store("y").await.unwrap();
    service.signal("KILL");
    let (_, _, folder) = service.wait();
    injector.cut_power(draw);
    let service = Service::start(folder, |command| injector.under(command));
    [service.view(&first).await, service.view(&second).await]
}

#[actix_web::test]
async fn synced_writes_are_kept() {
    let left = left(|_injector| {}, || false).await;
    assert_eq!(left, [Some("x".to_owned()), Some("y".to_owned())]);
}

#[actix_web::test]
async fn ignored_syncs_keep_nothing() {
    let left = left(FaultInjector::ignore_syncs, || false).await;
    assert_eq!(left, [Some("x".to_owned()), None]);
}

#[actix_web::test]
async fn unsynced_writes_may_be_kept() {
    let left = left(FaultInjector::ignore_syncs, || true).await;
    assert_eq!(left, [Some("x".to_owned()), Some("y".to_owned())]);
}

#[actix_web::test]
async fn a_torn_write_is_discarded() {
    let mut arrives = false;
    let every_other = || {
        arrives = !arrives;
        arrives
    };
    let left = left(FaultInjector::ignore_syncs, every_other).await;
    assert_eq!(left, [Some("x".to_owned()), None]);
}
