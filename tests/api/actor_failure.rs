//! How the service stops when one of its actors stops unexpectedly.

use actix_web::rt::time::timeout;
use std::time::Duration;
use viewonce::domain::clock::Clock;
use viewonce::server::{AppError, Application};
use viewonce::store::Close;

use crate::support::{database, keys, settings};

#[actix_web::test]
async fn a_store_that_stops_unexpectedly_stops_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(database(&folder));
    let application = Application::build(settings, &keys(), Clock::default()).unwrap();
    application.store().insist(Close).await.unwrap();
    let running = application.run_until_stopped(std::future::pending());
    let ended = timeout(Duration::from_mins(1), running).await.unwrap();
    assert!(matches!(ended, Err(AppError::ActorEnded("store"))));
}
