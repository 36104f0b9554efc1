//! Overload: refused requests are answered at once, and nothing acknowledged is lost.

use std::time::Duration;

use actix_web::rt::time::timeout;
use futures_util::StreamExt as _;
use futures_util::future::{join, join_all};
use futures_util::stream::{self, FuturesUnordered};
use reqwest::Response;
use serde_json::json;
use viewonce::domain::passphrase::STRETCHING_BYTES;

use crate::expect_problem;
use crate::paused_store::pause;
use crate::support::{PASSPHRASE, REPEAT_KEYS, TestApp, UNKNOWN_TOKEN, document, spawn_app_with};

const PATIENCE: Duration = Duration::from_mins(1);
const WRONG: &str = "open barley";
/// Number of clients in a flood.
const FLOOD: usize = 3;

#[actix_web::test]
async fn a_full_queue_answers_busy_and_loses_nothing_acknowledged() {
    let app = spawn_app_with(|settings| settings.server.mailbox = 1);
    let body = json!({ "content": "x" });
    let mut answers: FuturesUnordered<_> =
        (0..400).map(|_| app.post("/api/v1/secrets", &body)).collect();
    // While the store is paused, only refusals are answered.
    let paused = pause(&app.store);
    let first = timeout(PATIENCE, answers.next()).await.expect("the queue is full").unwrap();
    drop(paused);
    let answers = answers.chain(stream::iter([first])).collect::<Vec<_>>().await;
    let (stored, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status() == 201);
    assert!(!stored.is_empty() && !refused.is_empty());
    for answer in refused {
        assert_eq!(answer.headers()["retry-after"], "1");
        expect_problem(answer, 503, "busy").await;
    }
    for answer in stored {
        let token = document(answer).await["token"].as_str().unwrap().to_owned();
        assert_eq!(app.view(&token).await.status(), 200);
    }
}

#[actix_web::test]
async fn a_busy_service_is_healthy() {
    let app = spawn_app_with(|settings| settings.server.mailbox = 1);
    let body = json!({ "content": "x" });
    let mut flood: FuturesUnordered<_> =
        (0..400).map(|_| app.post("/api/v1/secrets", &body)).collect();
    let paused = pause(&app.store);
    let first = timeout(PATIENCE, flood.next()).await.expect("the queue is full").unwrap();
    assert_eq!(first.status(), 503);
    drop(paused);
    let health = join_all((0..20).map(|_| app.get("/health")));
    let (health, _answers) = join(health, flood.collect::<Vec<_>>()).await;
    assert!(health.iter().all(|answer| answer.status() == 200));
}

/// Runs `work` while several clients keep sending `request`.
async fn under_flood<T>(request: &impl AsyncFn() -> Response, work: impl Future<Output = T>) -> T {
    let client = async || loop {
        drop(request().await);
    };
    let flood = join_all((0..FLOOD).map(|_| client()));
    let flooded = async {
        tokio::select! {
            _ = flood => unreachable!("a flood has no end"),
            done = work => done,
        }
    };
    timeout(PATIENCE, flooded).await.expect("no request hangs")
}

/// Returns when a request is refused as busy.
async fn until_busy(request: &impl AsyncFn() -> Response) {
    while request().await.status() != 503 {}
}

/// A service that stretches one passphrase at a time, and queues one more of each kind.
fn spawn_narrow_app() -> TestApp {
    spawn_app_with(|settings| {
        settings.passphrases.memory_bytes = STRETCHING_BYTES;
        settings.passphrases.queue = 0;
        settings.secrets.max_attempts = 1_000_000;
    })
}

/// Sends eight requests at once, and repeats this until some were refused. The others must be answered
/// with this status. Returns the number of the others.
async fn expect_some(request: &impl AsyncFn() -> Response, status: u16) -> usize {
    let requests = async {
        let mut done = 0;
        loop {
            let answers = join_all((0..8).map(|_| request())).await;
            let (more, refused): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status() == status);
            done += more.len();
            let is_over = !refused.is_empty();
            for answer in refused {
                assert_eq!(answer.headers()["retry-after"], "1");
                expect_problem(answer, 503, "busy").await;
            }
            if is_over && done > 0 {
                return done;
            }
        }
    };
    timeout(PATIENCE, requests).await.expect("some are refused, and some are not")
}

#[actix_web::test]
async fn passphrases_beyond_the_queue_are_refused_and_the_others_stretched() {
    let app = spawn_app_with(|settings| {
        settings.passphrases.memory_bytes = STRETCHING_BYTES;
        settings.passphrases.queue = 1;
        settings.secrets.max_attempts = 10_000;
    });
    let token = app.protect("x").await;
    let guessed = expect_some(&async || app.unlock(&token, WRONG).await, 403).await;
    let problem = document(app.unlock(&token, WRONG).await).await;
    let left = problem["attempts_left"].as_u64().unwrap();
    assert_eq!(left, 9_999 - u64::try_from(guessed).unwrap(), "a refused request uses no attempt");
    let body = json!({ "content": "x", "passphrase": PASSPHRASE });
    expect_some(&async || app.post("/api/v1/secrets", &body).await, 201).await;
}

#[actix_web::test]
async fn a_flood_of_creations_leaves_reveals_their_share() {
    let app = spawn_narrow_app();
    let token = app.protect("x").await;
    let body = json!({ "content": "x", "passphrase": PASSPHRASE });
    let create = async || app.post("/api/v1/secrets", &body).await;
    let reveal = async {
        until_busy(&create).await;
        app.unlock(&token, PASSPHRASE).await
    };
    assert_eq!(under_flood(&create, reveal).await.status(), 200);
}

#[actix_web::test]
async fn a_flood_of_reveals_leaves_creations_their_share() {
    let app = spawn_narrow_app();
    let token = app.protect("x").await;
    let reveal = async || app.unlock(&token, WRONG).await;
    let body = json!({ "content": "x", "passphrase": PASSPHRASE });
    let create = async {
        until_busy(&reveal).await;
        app.post("/api/v1/secrets", &body).await
    };
    assert_eq!(under_flood(&reveal, create).await.status(), 201);
}

#[actix_web::test]
async fn a_passphrase_is_stretched_only_for_a_secret_that_requires_it() {
    let app = spawn_narrow_app();
    let (plain, repeated) = (app.store("x").await, app.store("x").await);
    let protected = app.protect("x").await;
    app.reveal_with_key(&repeated, REPEAT_KEYS[0]).await;
    let guess = async || app.unlock(&protected, WRONG).await;
    let answers = async {
        until_busy(&guess).await;
        let again = json!({ "token": repeated, "passphrase": WRONG });
        [
            app.unlock(UNKNOWN_TOKEN, WRONG).await,
            app.unlock("no token", WRONG).await,
            app.unlock(&plain, WRONG).await,
            app.unlock(&plain, WRONG).await,
            app.post_with_key("/api/v1/reveal", &again, REPEAT_KEYS[0]).await,
            app.unlock(&repeated, WRONG).await,
            app.reveal(&protected).await,
        ]
    };
    let statuses = under_flood(&guess, answers).await.map(|answer| answer.status().as_u16());
    assert_eq!(statuses, [404, 404, 200, 404, 200, 404, 403]);
}
