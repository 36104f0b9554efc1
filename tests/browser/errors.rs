//! Errors: the page reports them, and no secret is consumed.

use serde_json::json;

use crate::browser::Browser;
use crate::reveal::link;
use crate::support::{UNKNOWN_TOKEN, spawn_app, spawn_app_in};

const CONTENT: &str = "the spare key is under the third pot";

#[actix_web::test]
async fn a_link_that_lost_a_part_says_that_it_is_incomplete() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    for address in ["/s", "/s#", &format!("/s#{}", &UNKNOWN_TOKEN[1..])] {
        browser.open(&app.url(address)).await;
        assert!(browser.shown("incomplete").await.contains("Copy the whole link"), "{address}");
    }
}

#[actix_web::test]
async fn another_link_in_the_same_tab_shows_its_own_secret() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    browser.open(&link(&app, UNKNOWN_TOKEN)).await;
    browser.shown("gone").await;
    let token = app.store(CONTENT).await;
    browser.run(&format!("location.hash = '{token}'")).await;
    browser.shown("ready").await;
}

#[actix_web::test]
async fn a_lost_connection_consumes_nothing() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    connect(&browser, false).await;
    browser.click("#reveal").await;
    assert!(browser.shown("failed").await.contains("The connection broke"));
    browser.click("#retry").await;
    assert!(browser.shown("failed").await.contains("Checking used nothing up."));
    assert!(app.is_available(&token).await);

    connect(&browser, true).await;
    browser.click("#retry").await;
    browser.reveal().await;
}

/// Connects the browser to the network, or disconnects it.
async fn connect(browser: &Browser, is_connected: bool) {
    browser.devtools("Network.enable", json!({})).await;
    let conditions = json!({
        "offline": !is_connected, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
    });
    browser.devtools("Network.emulateNetworkConditions", conditions).await;
}

#[actix_web::test]
async fn a_service_that_stops_before_the_click_consumes_nothing() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    let folder = app.stop().await;
    browser.click("#reveal").await;
    assert!(browser.shown("failed").await.contains("Check again"));
    assert!(spawn_app_in(folder, |_default| {}).is_available(&token).await);
}

#[actix_web::test]
async fn a_busy_service_is_reported_and_can_be_retried() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    browser.run("window.fetch = async () => new Response('{}', { status: 503 })").await;
    browser.click("#reveal").await;
    assert!(browser.shown("failed").await.contains("could not show the secret"));
    browser.click("#retry").await;
    assert!(browser.shown("failed").await.contains("cannot tell right now"));
}

#[actix_web::test]
async fn without_javascript_the_page_says_what_it_needs() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    browser.open(&link(&app, &token)).await;
    let text = browser.find("main").await.text().await.unwrap();
    assert!(text.contains("needs JavaScript"), "{text}");
    assert!(app.is_available(&token).await);
}
