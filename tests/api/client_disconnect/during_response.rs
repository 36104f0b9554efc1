//! Clients that disconnect during the response, or never read it: the secret is consumed, and a client
//! with an idempotency key gets the whole response again.

use super::LONG;
use super::attempt::{Attempt, Kind};
use super::connection::{Connection, Way};
use crate::support::{TestApp, document, receipt_address, spawn_app_with};

/// Bytes of a content that exceeds a connection's buffers.
const LARGE: usize = 1 << 20;
/// Clients that never read: more than there are workers.
const IDLERS: usize = 2;

fn spawn_large_content_app() -> TestApp {
    spawn_app_with(|settings| {
        settings.server.workers = 1;
        settings.secrets.max_content_bytes = LARGE;
        settings.secrets.redeliver_seconds = LONG;
    })
}

#[actix_web::test]
async fn a_secret_whose_response_is_cut_off_is_consumed_and_repeats_whole() {
    let (app, content) = (spawn_large_content_app(), "x".repeat(LARGE));
    let departures =
        [(Kind::Get, Way::Close), (Kind::Reveal, Way::Reset), (Kind::RevealWithKey, Way::Reset)];
    for (kind, way) in departures {
        let attempt = Attempt::prepare_with(&app, kind, &content).await;
        let mut connection = Connection::open_narrow(&app).await;
        connection.ask(attempt.request(&app)).await;
        connection.read_to("{\"content\":\"xxx").await;
        connection.leave(way).await;
        attempt.expect_done(&app).await;
    }
}

#[actix_web::test]
async fn a_client_that_never_reads_consumes_its_secret_and_blocks_no_worker() {
    let (app, content) = (spawn_large_content_app(), "x".repeat(LARGE));
    let mut idlers = Vec::new();
    for _ in 0..IDLERS {
        let attempt = Attempt::prepare_with(&app, Kind::RevealWithKey, &content).await;
        let mut connection = Connection::open_narrow(&app).await;
        connection.ask(attempt.request(&app)).await;
        let end = app.get(&(receipt_address(&attempt.receipt) + "?wait=30")).await;
        assert_eq!(document(end).await["state"], "viewed");
        idlers.push((connection, attempt));
    }
    for (_line, attempt) in &idlers {
        attempt.expect_done(&app).await;
    }
}
