//! Races for one secret: however many ask at the same instant and in whatever way, one of them gets
//! it, and none is lost.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

use futures_util::StreamExt as _;
use futures_util::future::{LocalBoxFuture, join_all};
use futures_util::stream;
use reqwest::Response;

use support::{TestApp, document, spawn_app};

/// Secrets raced for in each test, and how many of them at a time.
const SECRETS: usize = 1_000;
const AT_A_TIME: usize = 8;
const READERS: usize = 32;

/// How one reader ended.
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

/// Has `READERS` ask for each of `SECRETS` at once, in the ways that `ways` makes by turns.
/// Returns what the one winner of each got.
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
async fn of_many_readers_exactly_one_gets_each_secret() {
    let app = spawn_app();
    let winners = race(&app, |app, token, _| Box::pin(app.view(token))).await;
    assert!(winners.iter().all(|winner| matches!(winner, Outcome::Seen(_))));
    assert_eq!(winners.len(), SECRETS);
}

#[actix_web::test]
async fn of_views_reveals_and_burns_together_exactly_one_wins() {
    let app = spawn_app();
    let winners = race(&app, |app, token, turn| match turn % 3 {
        0 => Box::pin(app.view(token)),
        1 => Box::pin(app.reveal(token)),
        _ => Box::pin(app.burn(token)),
    })
    .await;
    let burnt = winners.iter().filter(|winner| **winner == Outcome::Burnt).count();
    assert!(0 < burnt && burnt < SECRETS, "{burnt} of {SECRETS} were burnt");
}
