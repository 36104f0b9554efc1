//! Receipt requests that wait for the end of a secret.

use std::time::Duration;

use actix_web::rt::{self, time::timeout};
use futures_util::future::{join, join_all};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;

use crate::expect_problem;
use crate::support::{
    PASSPHRASE, TestApp, document, receipt_address, send, spawn_app, spawn_app_with, text,
};

/// Less than the longest wait, so that a wait that missed the end fails.
const PATIENCE: Duration = Duration::from_secs(25);

async fn ask(app: &TestApp, receipt: &str, query: &str) -> Response {
    app.get(&format!("{}?{query}", receipt_address(receipt))).await
}

/// Waits for the end of a secret, retrying while the waiters' limit is reached; returns its state.
async fn wait(app: &TestApp, receipt: &str) -> String {
    let address = receipt_address(receipt) + "?wait=30";
    wait_by(app.request(Method::GET, &address)).await
}

async fn wait_by(request: RequestBuilder) -> String {
    loop {
        let response = send(request.try_clone().unwrap()).await;
        if !is_busy(&response) {
            assert_eq!(response.status(), 200);
            return text(&document(response).await, "state");
        }
    }
}

/// Whether a request was refused as busy.
fn is_busy(response: &Response) -> bool {
    response.status() == 503 && response.headers().contains_key("retry-after")
}

/// Returns when waiters for `receipt` have reached the limit.
async fn all_wait(app: &TestApp, receipt: &str) {
    while !is_busy(&ask(app, receipt, "wait=0.001").await) {}
    // The store runs in order, so it has answered the waiters' first lookups.
    assert_eq!(app.state(receipt).await, "pending");
}

/// A service that admits `max_waiters` waiters, and locks a secret at the first wrong passphrase.
fn app_with_waiters(max_waiters: usize) -> TestApp {
    spawn_app_with(|settings| {
        settings.receipts.max_waiting = max_waiters;
        settings.secrets.max_attempts = 1;
    })
}

/// The state that a waiter gets while `end` is performed.
async fn notified(app: &TestApp, receipt: &str, end: impl Future<Output = Response>) -> String {
    let end = async {
        all_wait(app, receipt).await;
        end.await
    };
    let both = timeout(PATIENCE, join(wait(app, receipt), end));
    both.await.expect("the waiter is notified of the end").0
}

#[actix_web::test]
async fn a_waiter_is_notified_of_each_kind_of_end() {
    let app = app_with_waiters(1);
    let (token, receipt) = app.store_with_receipt("x").await;
    assert_eq!(notified(&app, &receipt, app.view(&token)).await, "viewed");
    let (token, receipt) = app.store_with_receipt("x").await;
    assert_eq!(notified(&app, &receipt, app.burn(&token)).await, "burned");
    let (_, receipt) = app.store_with_receipt("x").await;
    assert_eq!(notified(&app, &receipt, app.revoke(&receipt)).await, "burned");
    let terms = json!({ "content": "x", "passphrase": PASSPHRASE, "receipt": true });
    let created = app.create(&terms).await;
    let (token, receipt) = (text(&created, "token"), text(&created, "receipt"));
    assert_eq!(notified(&app, &receipt, app.unlock(&token, "open barley")).await, "locked");
}

#[actix_web::test]
async fn all_waiters_are_notified() {
    const CLIENTS: usize = 8;
    let app = app_with_waiters(CLIENTS);
    let (token, receipt) = app.store_with_receipt("x").await;
    let end = async {
        all_wait(&app, &receipt).await;
        app.view(&token).await
    };
    let waiters = join_all((0..CLIENTS).map(|_| wait(&app, &receipt)));
    let (states, _) = timeout(PATIENCE, join(waiters, end)).await.expect("all are notified");
    assert_eq!(states, ["viewed"; CLIENTS]);
}

#[actix_web::test]
async fn the_end_of_another_secret_wakes_no_waiter() {
    let app = app_with_waiters(1);
    let (token, receipt) = app.store_with_receipt("x").await;
    let other = app.store_with_receipt("y").await.0;
    let ends = async {
        app.view(&other).await;
        all_wait(&app, &receipt).await;
        app.burn(&token).await
    };
    assert_eq!(notified(&app, &receipt, ends).await, "burned");
}

#[actix_web::test]
async fn a_waiter_is_notified_of_the_expiry() {
    let app = spawn_app();
    let terms = json!({ "content": "x", "ttl_hours": 1.0 / 3600.0, "receipt": true });
    let receipt = text(&app.create(&terms).await, "receipt");
    let state = timeout(PATIENCE, wait(&app, &receipt))
        .await
        .expect("the waiter is notified of the expiry");
    assert_eq!(state, "expired");
}

#[actix_web::test]
async fn a_wait_that_times_out_reports_the_pending_state() {
    let app = spawn_app();
    let (token, receipt) = app.store_with_receipt("x").await;
    for query in ["wait=0", "wait=0.25", "wait=1"] {
        let answer = timeout(PATIENCE, ask(&app, &receipt, query)).await.expect("the time is up");
        assert_eq!(document(answer).await["state"], "pending", "{query}");
    }
    assert!(app.is_available(&token).await);
}

#[actix_web::test]
async fn a_wait_for_an_ended_secret_returns_at_once() {
    let app = spawn_app();
    let (token, receipt) = app.store_with_receipt("x").await;
    app.view(&token).await;
    let state = timeout(PATIENCE, wait(&app, &receipt)).await.expect("the wait ends at once");
    assert_eq!(state, "viewed");
    let unknown = ask(&app, &token, "wait=30").await;
    expect_problem(unknown, 404, "receipt-not-found").await;
}

#[actix_web::test]
async fn a_stopping_service_answers_its_waiters() {
    let app = app_with_waiters(1);
    let receipt = app.store_with_receipt("x").await.1;
    let address = receipt_address(&receipt) + "?wait=30";
    let waiter = rt::spawn(wait_by(app.request(Method::GET, &address)));
    timeout(PATIENCE, all_wait(&app, &receipt)).await.expect("it waits");
    app.stop().await;
    assert_eq!(waiter.await.unwrap(), "pending");
}

#[actix_web::test]
async fn an_invalid_wait_is_refused() {
    let app = spawn_app();
    let receipt = app.store_with_receipt("x").await.1;
    let queries = [
        "wait=-1",
        "wait=-0.001",
        "wait=30.001",
        "wait=31",
        "wait=x",
        "wait=",
        "wait",
        "wait=NaN",
        "wait=inf",
        "wait=1s",
        "wait=1&wait=1",
        "wait=1&now=1",
        "weit=1",
        "Wait=1",
    ];
    for query in queries {
        let response = ask(&app, &receipt, query).await;
        let problem = expect_problem(response, 422, "invalid-fields").await;
        assert_eq!(problem["errors"][0]["field"], "wait", "{query}");
    }
}

#[actix_web::test]
async fn waiters_over_the_limit_are_refused_until_one_leaves() {
    let app = app_with_waiters(1);
    let (token, receipt) = app.store_with_receipt("x").await;
    let (_, other) = app.store_with_receipt("y").await;
    let meanwhile = async {
        all_wait(&app, &receipt).await;
        for receipt in [&receipt, &other] {
            let response = ask(&app, receipt, "wait=30").await;
            assert_eq!(response.headers()["retry-after"], "1");
            expect_problem(response, 503, "busy").await;
        }
        assert_eq!(app.state(&other).await, "pending");
        assert!(app.is_available(&token).await);
    };
    let waiter = wait(&app, &receipt);
    let has_left = async {
        tokio::select! {
            _ = waiter => unreachable!("nothing has ended"),
            () = meanwhile => {}
        }
    };
    timeout(PATIENCE, has_left).await.expect("the first waiter leaves");
    let is_free = async { while is_busy(&ask(&app, &receipt, "wait=0.001").await) {} };
    timeout(PATIENCE, is_free).await.expect("another waiter is admitted");
}
