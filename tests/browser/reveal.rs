//! The page behind a link: it reveals a secret once, after a click.

use std::time::Duration;

use fantoccini::key::Key;
use serde_json::json;

use crate::browser::{Browser, named};
use crate::support::{TestApp, spawn_app};

/// Content that a page could display wrongly: markup, quotes, surrounding white space, many alphabets.
const CONTENT: &str =
    "\n  <b>not bold</b> &amp; \"quoted\" 'too'\n\tline three: \u{1f511} ключ\n\n";

/// The link to the page of a secret, as recipients get it.
pub(crate) fn link(app: &TestApp, token: &str) -> String {
    app.url(&format!("/s#{token}"))
}

/// The content of the text field.
pub(crate) async fn field(browser: &Browser) -> String {
    let content = browser.run("return document.getElementById('content').value").await;
    content.as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_link_reveals_its_secret_after_a_click_and_only_then() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;

    browser.open(&link(&app, &token)).await;
    assert!(browser.shown("ready").await.contains("It can be seen once."));
    assert_eq!(field(&browser).await, "");
    assert!(app.is_available(&token).await);

    assert!(browser.reveal().await.contains("it cannot be shown again"));
    assert_eq!(field(&browser).await, CONTENT);
    assert!(!app.is_available(&token).await);
}

#[actix_web::test]
async fn a_second_visit_says_that_the_secret_is_gone() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.reveal().await;

    browser.open(&link(&app, &token)).await;
    assert!(browser.shown("gone").await.contains("tell its sender"));
    assert_eq!(field(&browser).await, "");
}

#[actix_web::test]
async fn a_page_that_is_left_keeps_no_secret() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.reveal().await;

    browser.click("#content").await;
    browser.run("location.assign('/')").await;
    browser.find("a[href=docs]").await;
    // The service does not show it again, so visible content would come from the page.
    app.clock.advance(Duration::from_mins(1));
    browser.back().await;
    browser.shown("gone").await;
    assert_eq!(field(&browser).await, "");
}

#[actix_web::test]
async fn a_page_that_is_kept_for_the_back_button_forgets_the_secret() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.reveal().await;

    // Chromium caches no page with `no-store`; other browsers do, and fire `pagehide` with `persisted`.
    browser.run("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))").await;
    assert_eq!(field(&browser).await, "");
    app.clock.advance(Duration::from_mins(1));
    browser.run("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))").await;
    browser.shown("gone").await;
}

#[actix_web::test]
async fn the_copy_button_copies_with_and_without_the_clipboard_api() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    // Without TLS, a page has the API only on a loopback address.
    for (base, has_api) in [(app.url(""), true), (named(&app), false)] {
        let content = format!("{CONTENT} from {base}");
        let token = app.store(&content).await;
        browser.open(&format!("{base}/s#{token}")).await;
        assert_eq!(browser.run("return navigator.clipboard !== undefined").await, has_api);
        browser.reveal().await;
        browser.click("#copy").await;
        let status = browser.find("#notice:not(:empty)").await.text().await.unwrap();
        assert_eq!(status, "Copied.");
        assert_eq!(clipboard(&browser, &app).await, content);
    }
}

#[actix_web::test]
async fn a_failed_copy_is_not_reported_as_done() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.reveal().await;
    browser.run("navigator.clipboard.writeText = () => Promise.reject()").await;
    browser.run("document.execCommand = () => false").await;
    browser.click("#copy").await;
    let status = browser.find("#notice:not(:empty)").await.text().await.unwrap();
    assert!(status.contains("copy it by hand"), "{status}");
    let selected = browser.run("return getSelection().toString()").await;
    assert_eq!(selected, CONTENT);
}

/// The clipboard's content, which only a page from a loopback address may read.
async fn clipboard(browser: &Browser, app: &TestApp) -> String {
    browser.open(&app.url("/")).await;
    let permission = json!({ "permission": { "name": "clipboard-read" }, "setting": "granted" });
    browser.devtools("Browser.setPermission", permission).await;
    browser.click("h1").await;
    let text = browser.resolve("navigator.clipboard.readText()").await;
    text.as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn the_keyboard_alone_reveals_and_copies() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    assert!(browser.has_focus("#ready h1").await);
    browser.press(Key::Tab).await;
    assert!(browser.has_focus("#reveal:focus-visible").await);
    browser.press(Key::Enter).await;
    browser.shown("open").await;
    assert!(browser.has_focus("#open h1").await);
    browser.press(Key::Tab).await;
    assert!(browser.has_focus("#content:focus-visible").await);
    browser.press(Key::Tab).await;
    assert!(browser.has_focus("#copy:focus-visible").await);
    browser.press(Key::Enter).await;
    browser.find("#notice:not(:empty)").await;
    browser.press(Key::Tab).await;
    assert!(browser.has_focus("#keep:focus-visible").await);
    browser.press(Key::Enter).await;
    browser.shown("kept").await;
    assert!(browser.has_focus("#kept h1").await);
}
