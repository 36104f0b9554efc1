//! The layer itself: what was not synced is undone when the power goes, what was is kept.

use crate::layer::Layer;
use crate::process::Service;

/// What is left of two secrets after a cut of the power; the second was stored after `change`.
async fn left(change: impl FnOnce(&Layer), draw: impl FnMut() -> bool) -> [Option<String>; 2] {
    let layer = Layer::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| layer.under(command));
    let first = service.store("x").await.unwrap();
    change(&layer);
    let second = service.store("y").await.unwrap();
    service.signal("KILL");
    let (_, _, folder) = service.wait();
    layer.cut_power(draw);
    let service = Service::start(folder, |command| layer.under(command));
    [service.view(&first).await, service.view(&second).await]
}

#[actix_web::test]
async fn what_was_synced_is_kept() {
    let left = left(|_layer| {}, || false).await;
    assert_eq!(left, [Some("x".to_owned()), Some("y".to_owned())]);
}

#[actix_web::test]
async fn a_sync_that_is_ignored_keeps_nothing() {
    let left = left(Layer::ignore_syncs, || false).await;
    assert_eq!(left, [Some("x".to_owned()), None]);
}

#[actix_web::test]
async fn what_was_on_its_way_may_arrive() {
    let left = left(Layer::ignore_syncs, || true).await;
    assert_eq!(left, [Some("x".to_owned()), Some("y".to_owned())]);
}

#[actix_web::test]
async fn what_arrives_in_part_is_as_if_it_had_not() {
    let mut arrives = false;
    let every_other = || {
        arrives = !arrives;
        arrives
    };
    let left = left(Layer::ignore_syncs, every_other).await;
    assert_eq!(left, [Some("x".to_owned()), None]);
}
