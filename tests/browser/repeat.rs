//! Repeats: only the page that revealed a secret can reveal it again, for a limited time.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::browser::{Browser, named};
use crate::passphrase::{CONTENT, PASSPHRASE, enter, store_protected};
use crate::reveal::{field, link};
use crate::support::{TestApp, send, spawn_app, spawn_app_with};

/// The endpoint that the page reveals with.
pub(crate) const REVEAL: &str = "api/v1/reveal";
const ACKNOWLEDGE: &str = "api/v1/acknowledge";

/// A script that replaces the page's next request to `path` by `end`, which may use `send()`.
pub(crate) fn breaking(path: &str, end: &str) -> String {
    format!(
        "const {{ fetch }} = window;
        window.fetch = async (...request) => {{
            if (request[0] !== '{path}') return fetch(...request);
            window.fetch = fetch;
            const send = async () => (await fetch(...request)).text();
            {end};
        }}"
    )
}

/// A script that loses the response to the page's next reveal, after the service has sent it.
pub(crate) fn losing() -> String {
    breaking(REVEAL, "await send(); throw new TypeError('the connection broke')")
}

/// A service whose repeat window is longer than a test takes.
pub(crate) fn spawn_app_with_long_repeats() -> TestApp {
    spawn_app_with(|settings| settings.secrets.redeliver_seconds = 3_600)
}

/// Opens the page of a new secret and reveals it. Returns its token.
async fn revealed(browser: &Browser, app: &TestApp) -> String {
    let token = app.store(CONTENT).await;
    browser.open(&link(app, &token)).await;
    browser.reveal().await;
    token
}

/// The idempotency key of the page.
async fn key(browser: &Browser) -> String {
    let key = browser.run("return history.state.key").await;
    key.as_str().unwrap().to_owned()
}

/// Whether the page could reveal the secret again.
async fn is_repeatable(browser: &Browser, app: &TestApp, token: &str) -> bool {
    let request = app.request(Method::POST, "/api/v1/reveal").json(&json!({ "token": token }));
    send(request.header("Idempotency-Key", key(browser).await)).await.status() == 200
}

#[actix_web::test]
async fn a_reload_shows_the_secret_again_with_and_without_tls() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with_long_repeats();
    // With a host name and without TLS, the page is not a secure context.
    for (base, is_secure) in [(app.url(""), true), (named(&app), false)] {
        let token = app.store(CONTENT).await;
        browser.open(&format!("{base}/s#{token}")).await;
        assert_eq!(browser.run("return isSecureContext").await, is_secure);
        assert!(browser.reveal().await.contains("for at most 3600 seconds"));
        for _again in 0..2 {
            browser.reload().await;
            browser.shown("open").await;
            assert_eq!(field(&browser).await, CONTENT);
        }
    }
}

#[actix_web::test]
async fn a_reload_needs_no_passphrase() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with_long_repeats();
    let token = store_protected(&app).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    enter(&browser, PASSPHRASE).await;
    browser.shown("open").await;
    browser.reload().await;
    browser.shown("open").await;
    assert_eq!(field(&browser).await, CONTENT);
}

#[actix_web::test]
async fn going_back_within_the_window_shows_the_secret_again() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with_long_repeats();
    revealed(&browser, &app).await;
    browser.run("location.assign('/')").await;
    browser.find("a[href=docs]").await;
    browser.back().await;
    browser.shown("open").await;
    assert_eq!(field(&browser).await, CONTENT);
}

#[actix_web::test]
async fn a_reload_after_the_time_says_that_the_secret_is_gone() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with_long_repeats();
    revealed(&browser, &app).await;
    app.clock.advance(Duration::from_mins(30));
    browser.reload().await;
    browser.shown("open").await;
    // A repeat does not extend the window.
    app.clock.advance(Duration::from_mins(30));
    browser.reload().await;
    browser.shown("gone").await;
    assert_eq!(field(&browser).await, "");
}

#[actix_web::test]
async fn another_tab_sees_nothing_and_takes_nothing() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with_long_repeats();
    let token = revealed(&browser, &app).await;
    let first = browser.open_tab().await;
    browser.open(&link(&app, &token)).await;
    browser.shown("gone").await;
    assert_eq!(field(&browser).await, "");
    browser.switch_to(first).await;
    browser.reload().await;
    browser.shown("open").await;
}

#[actix_web::test]
async fn the_keep_button_ends_the_repeat() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with_long_repeats();
    let token = revealed(&browser, &app).await;
    assert!(is_repeatable(&browser, &app, &token).await);
    browser.click("#keep").await;
    assert!(browser.shown("kept").await.contains("Gone for good"));
    assert_eq!(field(&browser).await, "");
    assert!(!is_repeatable(&browser, &app, &token).await);
    browser.reload().await;
    browser.shown("gone").await;
}

#[actix_web::test]
async fn a_failed_acknowledgement_is_not_reported_as_done() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with_long_repeats();
    revealed(&browser, &app).await;
    let busy = "return new Response('{}', { status: 503 })";
    for end in ["throw new TypeError('no connection')", busy] {
        browser.run("document.getElementById('notice').textContent = ''").await;
        browser.run(&breaking(ACKNOWLEDGE, end)).await;
        browser.click("#keep").await;
        let notice = browser.find("#notice:not(:empty)").await.text().await.unwrap();
        assert!(notice.contains("could not be told"), "{notice}");
        assert_eq!(field(&browser).await, CONTENT);
    }
    browser.click("#keep").await;
    browser.shown("kept").await;
}

#[actix_web::test]
async fn a_lost_response_is_shown_after_a_retry() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with_long_repeats();
    let token = store_protected(&app).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    browser.run(&losing()).await;
    enter(&browser, PASSPHRASE).await;
    assert!(browser.shown("failed").await.contains("The connection broke"));
    assert!(!app.is_available(&token).await);
    browser.click("#retry").await;
    browser.shown("open").await;
    assert_eq!(field(&browser).await, CONTENT);
}

#[actix_web::test]
async fn a_failed_repeat_can_be_retried() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with_long_repeats();
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    browser.run(&losing()).await;
    browser.click("#reveal").await;
    browser.shown("failed").await;
    let busy = "return new Response('{ \"type\": \"/problems/busy\" }', { status: 503 })";
    browser.run(&breaking(REVEAL, busy)).await;
    browser.click("#retry").await;
    assert!(browser.shown("failed").await.contains("could not show the secret"));
    browser.click("#retry").await;
    browser.shown("open").await;
    assert_eq!(field(&browser).await, CONTENT);
}

#[actix_web::test]
async fn a_retry_after_the_window_says_that_the_secret_is_gone() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    browser.run(&losing()).await;
    browser.click("#reveal").await;
    browser.shown("failed").await;
    app.clock.advance(Duration::from_mins(1));
    browser.click("#retry").await;
    browser.shown("gone").await;
}

#[actix_web::test]
async fn a_request_that_never_went_out_leaves_the_secret_until_the_next_click() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    browser.run(&breaking(REVEAL, "throw new TypeError('no connection')")).await;
    browser.click("#reveal").await;
    browser.shown("failed").await;
    browser.click("#retry").await;
    browser.shown("ready").await;
    browser.reload().await;
    browser.shown("ready").await;
    assert!(app.is_available(&token).await);
    browser.reveal().await;
    assert_eq!(field(&browser).await, CONTENT);
}

#[actix_web::test]
async fn a_failed_attempt_does_not_repeat_another_clients_reveal() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = store_protected(&app).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    enter(&browser, "open says me").await;
    browser.find("#refusal:not(:empty)").await;
    let body = json!({ "token": token, "passphrase": PASSPHRASE });
    assert_eq!(app.post("/api/v1/reveal", &body).await.status(), 200);
    browser.reload().await;
    browser.shown("gone").await;
    assert_eq!(field(&browser).await, "");
}

#[actix_web::test]
async fn the_page_says_how_long_a_reveal_can_be_repeated() {
    let Some(browser) = Browser::start().await else { return };
    for (seconds, expected) in [(1, "at most 1 second after"), (90, "at most 90 seconds after")] {
        let app = spawn_app_with(|settings| settings.secrets.redeliver_seconds = seconds);
        let token = app.store(CONTENT).await;
        browser.open(&link(&app, &token)).await;
        let text = browser.reveal().await;
        assert!(text.contains(expected), "{text}");
    }
}

#[actix_web::test]
async fn without_a_repeat_window_the_page_promises_no_repeat() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with(|settings| settings.secrets.redeliver_seconds = 0);
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    let text = browser.reveal().await;
    assert!(text.contains("The service has deleted it. Keep it now"), "{text}");
    assert!(!text.contains("load it again"), "{text}");
    assert_eq!(browser.run("return document.getElementById('keep')").await, json!(null));
    browser.click("#copy").await;
    browser.find("#notice:not(:empty)").await;
    browser.reload().await;
    browser.shown("gone").await;
}

#[actix_web::test]
async fn every_visit_has_a_key_of_its_own_which_nothing_else_can_read() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let mut keys = Vec::new();
    for _visit in 0..2 {
        let token = store_protected(&app).await;
        browser.open(&link(&app, &token)).await;
        browser.shown("ready").await;
        enter(&browser, PASSPHRASE).await;
        browser.shown("open").await;
        assert_eq!(browser.run("return localStorage.length + sessionStorage.length").await, 0);
        assert_eq!(browser.run("return document.cookie").await, "");
        assert_eq!(browser.url().await.as_str(), link(&app, &token));
        keys.push(key(&browser).await);
    }
    assert!(keys.iter().all(|key| key.len() == 64), "256 bits in hex");
    assert_ne!(keys[0], keys[1]);
}
