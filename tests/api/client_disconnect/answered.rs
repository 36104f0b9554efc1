//! Callers who leave in the middle of the answer, or never read it: it is consumed, and comes again
//! whole to whoever asked with a key.

use super::LONG;
use super::line::{Line, Way};
use super::stake::{Kind, Stake};
use crate::support::{TestApp, document, receipt_address, spawn_app_with};

/// Bytes of a content that no connection takes at once.
const LARGE: usize = 1 << 20;
/// So many who never read are more than there are workers.
const IDLERS: usize = 2;

fn spawn_roomy_app() -> TestApp {
    spawn_app_with(|settings| {
        settings.server.workers = 1;
        settings.secrets.max_content_bytes = LARGE;
        settings.secrets.redeliver_seconds = LONG;
    })
}

#[actix_web::test]
async fn an_answer_that_breaks_off_in_the_middle_is_consumed_and_comes_again_whole() {
    let (app, content) = (spawn_roomy_app(), "x".repeat(LARGE));
    let departures =
        [(Kind::Get, Way::Close), (Kind::Reveal, Way::Reset), (Kind::RevealWithKey, Way::Reset)];
    for (kind, way) in departures {
        let stake = Stake::lay_with(&app, kind, &content).await;
        let mut line = Line::open_narrow(&app).await;
        line.ask(stake.request(&app)).await;
        line.read_to("{\"content\":\"xxx").await;
        line.leave(way).await;
        stake.expect_done(&app).await;
    }
}

#[actix_web::test]
async fn who_never_reads_has_consumed_it_and_holds_up_nobody() {
    let (app, content) = (spawn_roomy_app(), "x".repeat(LARGE));
    let mut idlers = Vec::new();
    for _ in 0..IDLERS {
        let stake = Stake::lay_with(&app, Kind::RevealWithKey, &content).await;
        let mut line = Line::open_narrow(&app).await;
        line.ask(stake.request(&app)).await;
        let end = app.get(&(receipt_address(&stake.receipt) + "?wait=30")).await;
        assert_eq!(document(end).await["state"], "viewed");
        idlers.push((line, stake));
    }
    for (_line, stake) in &idlers {
        stake.expect_done(&app).await;
    }
}
