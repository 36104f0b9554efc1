//! Secrets with a passphrase: the page asks for it and reports the result.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser::Browser;
use crate::repeat::{REVEAL, breaking, losing};
use crate::reveal::{field, link};
use crate::support::{TestApp, document, spawn_app, spawn_app_with};

/// The terms of a protected secret.
pub(crate) const PASSPHRASE: &str = "open sesame";
/// The content of a protected secret.
pub(crate) const CONTENT: &str = "the spare key is under the third pot";
const WRONG: &str = "open says me";

/// Stores a secret that has a passphrase, and returns its token.
pub(crate) async fn store_protected(app: &TestApp) -> String {
    let body = json!({ "content": CONTENT, "passphrase": PASSPHRASE });
    let response = app.post("/api/v1/secrets", &body).await;
    assert_eq!(response.status(), 201);
    document(response).await["token"].as_str().unwrap().to_owned()
}

/// Types a passphrase into its field, replacing the selected text, and presses Enter.
pub(crate) async fn enter(browser: &Browser, passphrase: &str) {
    browser.run("document.getElementById('passphrase').focus()").await;
    browser.type_text(passphrase).await;
    browser.press(Key::Enter).await;
}

/// Opens the page of a new protected secret. Returns the token.
async fn open_protected(browser: &Browser, app: &TestApp) -> String {
    let token = store_protected(app).await;
    browser.open(&link(app, &token)).await;
    assert!(browser.shown("ready").await.contains("protected it with a passphrase"));
    token
}

/// The page's message about a refused reveal.
async fn refusal(browser: &Browser) -> String {
    browser.find("#refusal:not(:empty)").await.text().await.unwrap()
}

/// The content of the passphrase field.
async fn passphrase_field(browser: &Browser) -> String {
    let typed = browser.run("return document.getElementById('passphrase').value").await;
    typed.as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn the_right_passphrase_opens_the_secret() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = open_protected(&browser, &app).await;
    browser.click("label[for=passphrase]").await;
    assert!(browser.has_focus("#passphrase[type=password][autocomplete=off]").await);
    browser.type_text(PASSPHRASE).await;
    browser.click("#reveal").await;
    browser.shown("open").await;
    assert_eq!(field(&browser).await, CONTENT);
    assert_eq!(passphrase_field(&browser).await, "");
    assert!(!app.is_available(&token).await);
}

#[actix_web::test]
async fn a_wrong_passphrase_shows_the_attempts_left_and_burns_nothing() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with(|settings| settings.secrets.max_attempts = 3);
    let token = open_protected(&browser, &app).await;
    enter(&browser, WRONG).await;
    assert_eq!(refusal(&browser).await, "This is not the passphrase. Attempts left: 2.");
    browser.shown("ready").await;
    assert!(app.is_available(&token).await);
    // An alert is read aloud without the focus, which stays in the field for a correction.
    browser.find("#refusal[role=alert]").await;
    assert!(browser.has_focus("#passphrase").await);

    // The wrong passphrase is selected, so typing replaces it.
    browser.type_text(WRONG).await;
    assert_eq!(passphrase_field(&browser).await, WRONG);
    browser.click("#reveal").await;
    browser.find("#reveal:enabled").await;
    assert_eq!(refusal(&browser).await, "This is not the passphrase. Attempts left: 1.");
    assert!(browser.has_focus("#passphrase").await);
    enter(&browser, PASSPHRASE).await;
    browser.shown("open").await;
    assert_eq!(field(&browser).await, CONTENT);
}

#[actix_web::test]
async fn the_last_wrong_passphrase_says_that_the_secret_is_gone() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with(|settings| settings.secrets.max_attempts = 1);
    let token = open_protected(&browser, &app).await;
    enter(&browser, WRONG).await;
    let text = browser.shown("locked").await;
    assert!(text.contains("This secret is gone") && text.contains("last attempt"), "{text}");
    assert!(browser.has_focus("#locked h1").await);
    assert_eq!(passphrase_field(&browser).await, "");
    assert!(!app.is_available(&token).await);
    browser.reload().await;
    browser.shown("gone").await;
}

#[actix_web::test]
async fn the_keyboard_alone_enters_a_passphrase() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    open_protected(&browser, &app).await;
    assert!(browser.has_focus("#ready h1").await);
    browser.press(Key::Tab).await;
    assert!(browser.has_focus("#passphrase:focus-visible[type=password]").await);
    browser.type_text(PASSPHRASE).await;
    browser.press(Key::Tab).await;
    assert!(browser.has_focus("#legible:focus-visible").await);
    browser.type_text(" ").await;
    assert_eq!(browser.find("#passphrase[type=text]").await.text().await.unwrap(), "");
    assert_eq!(passphrase_field(&browser).await, PASSPHRASE);
    browser.press(Key::Tab).await;
    assert!(browser.has_focus("#reveal:focus-visible").await);
    browser.press(Key::Enter).await;
    browser.shown("open").await;
}

#[actix_web::test]
async fn an_empty_passphrase_is_not_sent() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    open_protected(&browser, &app).await;
    browser.run("window.sent = 0; addEventListener('submit', () => sent += 1)").await;
    browser.click("#reveal").await;
    assert_eq!(browser.run("return sent").await, 0);
    enter(&browser, PASSPHRASE).await;
    browser.shown("open").await;
    assert_eq!(browser.run("return sent").await, 1);
}

#[actix_web::test]
async fn a_passphrase_is_kept_no_longer_than_it_is_needed() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    open_protected(&browser, &app).await;
    browser.click("#passphrase").await;
    browser.type_text(PASSPHRASE).await;
    browser.run("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))").await;
    assert_eq!(passphrase_field(&browser).await, "");

    browser.run(&losing()).await;
    enter(&browser, PASSPHRASE).await;
    browser.shown("failed").await;
    assert_eq!(passphrase_field(&browser).await, "");
}

#[actix_web::test]
async fn a_refusal_without_effect_can_be_retried_at_once() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    for problem in ["busy", "too-many-requests", "stopping", "store-failed", "no-room"] {
        let r#type = format!("/problems/{problem}");
        assert_eq!(app.get(&r#type).await.status(), 303, "{type} is described");
        open_protected(&browser, &app).await;
        let answer = format!("new Response('{{ \"type\": \"{type}\" }}', {{ status: 503 }})");
        browser.run(&breaking(REVEAL, &format!("return {answer}"))).await;
        enter(&browser, PASSPHRASE).await;
        assert!(refusal(&browser).await.contains("Nothing was used up: try again."));
        assert_eq!(passphrase_field(&browser).await, PASSPHRASE);
        browser.press(Key::Enter).await;
        browser.shown("open").await;
    }
}

#[actix_web::test]
async fn an_unknown_outcome_can_be_checked() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    open_protected(&browser, &app).await;
    let answer = "new Response('{ \"type\": \"/problems/outcome-unknown\" }', { status: 503 })";
    browser.run(&breaking(REVEAL, &format!("return {answer}"))).await;
    enter(&browser, PASSPHRASE).await;
    let text = browser.shown("failed").await;
    assert!(text.contains("Check again") && !text.contains("Nothing was used up"), "{text}");
    browser.click("#retry").await;
    browser.shown("ready").await;
}
