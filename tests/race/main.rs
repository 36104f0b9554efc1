//! Races for one secret: however many clients request it at once, exactly one gets it, and none is lost.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

use futures_util::StreamExt as _;
use futures_util::future::{LocalBoxFuture, join_all};
use futures_util::stream;
use reqwest::Response;

use support::{REPEAT_KEYS, TestApp, document, spawn_app, text};

/// Number of secrets in each test, and how many are raced for concurrently.
const SECRETS: usize = 1_000;
const AT_A_TIME: usize = 8;
const READERS: usize = 32;

/// The result of one reader.
#[derive(Debug, PartialEq)]
enum Outcome {
    Seen(String),
    Burnt,
    NotFound,
}

async fn outcome(response: Response) -> Outcome {
    match response.status().as_u16() {
        200 => Outcome::Seen(document(response).await["content"].as_str().unwrap().to_owned()),
        204 => Outcome::Burnt,
        404 => Outcome::NotFound,
        status => unreachable!("a reader was answered {status}"),
    }
}

/// Lets `READERS` clients request each of `SECRETS` concurrently, in alternating `ways`. Returns the
/// result of the single winner of each.
async fn race(
    app: &TestApp,
    ways: impl for<'a> Fn(&'a TestApp, &'a str, usize) -> LocalBoxFuture<'a, Response>,
) -> Vec<Outcome> {
    let ways = &ways;
    let races = stream::iter(0..SECRETS).map(|number| async move {
        let content = format!("secret {number}");
        let token = app.store(&content).await;
        let readers = (0..READERS).map(|reader| ways(app, &token, number + reader));
        let outcomes = join_all(join_all(readers).await.into_iter().map(outcome)).await;
        let mut winners: Vec<_> =
            outcomes.into_iter().filter(|outcome| *outcome != Outcome::NotFound).collect();
        assert_eq!(winners.len(), 1, "{content}: {winners:?}");
        let winner = winners.remove(0);
        assert!(winner == Outcome::Burnt || winner == Outcome::Seen(content));
        winner
    });
    races.buffer_unordered(AT_A_TIME).collect().await
}

#[actix_web::test]
async fn exactly_one_of_many_readers_gets_each_secret() {
    let app = spawn_app();
    let winners = race(&app, |app, token, _| Box::pin(app.view(token))).await;
    assert!(winners.iter().all(|winner| matches!(winner, Outcome::Seen(_))));
    assert_eq!(winners.len(), SECRETS);
}

#[actix_web::test]
async fn exactly_one_of_concurrent_views_reveals_and_burns_wins() {
    let app = spawn_app();
    let winners = race(&app, |app, token, reader| match reader % 3 {
        0 => Box::pin(app.view(token)),
        1 => Box::pin(app.reveal(token)),
        _ => Box::pin(app.burn(token)),
    })
    .await;
    let burnt = winners.iter().filter(|winner| **winner == Outcome::Burnt).count();
    assert!(0 < burnt && burnt < SECRETS, "{burnt} of {SECRETS} were burnt");
}

/// How a secret ended by one reader's response, and the way that ended it, if the response shows that.
struct Report {
    state: String,
    by: Option<String>,
}

/// Sends a request in one of five ways; returns what its response says about the secret's end.
async fn ask(app: &TestApp, token: &str, receipt: &str, reader: usize) -> Option<Report> {
    let (way, response) = match reader % 5 {
        0 => (format!("view {reader}"), app.view(token).await),
        1 => ("the first key".to_owned(), app.reveal_with_key(token, REPEAT_KEYS[0]).await),
        2 => ("the second key".to_owned(), app.reveal_with_key(token, REPEAT_KEYS[1]).await),
        3 => (format!("burn {reader}"), app.burn(token).await),
        _ => ("the receipt".to_owned(), app.revoke(receipt).await),
    };
    let report = |state: &str, by| Some(Report { state: state.to_owned(), by });
    match response.status().as_u16() {
        200 => report("viewed", Some(way)),
        204 => report("burned", Some(way)),
        404 => None,
        409 => report(&text(&document(response).await, "state"), None),
        status => unreachable!("a reader was answered {status}"),
    }
}

/// Asserts that all responses report the same end, and that one client caused it. A repeat counts as the
/// same view, and burning by a receipt succeeds even if another client has burned the secret.
fn assert_one_end(state: &str, reports: &[Report]) {
    assert!(reports.iter().all(|report| report.state == state), "{state}");
    let mut by: Vec<_> = reports.iter().filter_map(|report| report.by.as_deref()).collect();
    by.sort_unstable();
    by.dedup();
    if by.len() > 1 {
        by.retain(|way| state != "burned" || *way != "the receipt");
    }
    assert_eq!(by.len(), 1, "{state} by {by:?}");
}

#[actix_web::test]
async fn one_of_concurrent_views_repeats_and_burns_wins_and_the_receipt_agrees() {
    let app = &spawn_app();
    let races = stream::iter(0..SECRETS).map(|number| async move {
        let (token, receipt) = app.store_with_receipt("x").await;
        let readers = (0..READERS).map(|reader| ask(app, &token, &receipt, number + reader));
        let reports: Vec<Report> = join_all(readers).await.into_iter().flatten().collect();
        let state = app.state(&receipt).await;
        assert_one_end(&state, &reports);
        assert!(!app.is_available(&token).await);
        state
    });
    let states: Vec<String> = races.buffer_unordered(AT_A_TIME).collect().await;
    let viewed = states.iter().filter(|state| *state == "viewed").count();
    assert!(0 < viewed && viewed < SECRETS, "{viewed} of {SECRETS} were viewed");
}
