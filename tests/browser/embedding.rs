//! A browser that requests a secret's API address: navigation is redirected to the page, and requests of
//! other sites' pages consume nothing.

use crate::browser::{Browser, named};
use crate::support::{TestApp, secret, spawn_app};

const CONTENT: &str = "the spare key is under the third pot";

#[actix_web::test]
async fn a_browser_at_the_api_address_is_redirected_to_the_page() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    // On an insecure origin the browser sends no `Sec-Fetch-*`; only `Accept` shows the navigation.
    for base in [app.url(""), named(&app)] {
        let token = app.store(CONTENT).await;
        browser.open(&format!("{base}{}", secret(&token))).await;
        browser.shown("ready").await;
        assert_eq!(browser.url().await.as_str(), format!("{base}/s#{token}"));
        assert!(app.is_available(&token).await);

        browser.reveal().await;
        assert!(!app.is_available(&token).await);
    }
}

#[actix_web::test]
async fn requests_by_another_sites_page_consume_nothing() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store(CONTENT).await;
    browser.open("data:text/html,<title>Elsewhere</title>").await;
    for request in embeds(&app, &token).into_iter().chain(sent(&app, &token)) {
        browser.resolve(&request).await;
        assert!(app.is_available(&token).await, "{request}");
    }
    // The requests reached the service: the browser blocked its responses.
    let errors = browser.errors().await;
    let mut messages = errors.iter().filter_map(|error| error["message"].as_str());
    assert!(messages.any(|message| message.contains("ERR_BLOCKED_BY_RESPONSE")), "{errors:?}");
}

/// Adds elements that load the secret's address. Each resolves when its load has ended.
fn embeds(app: &TestApp, token: &str) -> Vec<String> {
    const ELEMENTS: [(&str, &str); 7] = [
        ("img", "src: url"),
        ("script", "src: url"),
        ("video", "src: url"),
        ("iframe", "src: url"),
        ("object", "data: url"),
        ("link", "rel: 'stylesheet', href: url"),
        ("link", "rel: 'prefetch', href: url"),
    ];
    let url = app.url(&secret(token));
    let embed = |(name, properties)| {
        format!(
            "new Promise((done) => {{
                const url = '{url}', end = () => done('{name}');
                const element = document.createElement('{name}');
                Object.assign(element, {{ {properties}, onload: end, onerror: end }});
                document.body.append(element);
            }})"
        )
    };
    ELEMENTS.into_iter().map(embed).collect()
}

/// Sends the requests that a page may send to another origin, and some that the browser should block.
fn sent(app: &TestApp, token: &str) -> Vec<String> {
    let address = app.url(&secret(token));
    let reveal = app.url("/api/v1/reveal");
    let body = format!("body: JSON.stringify({{ token: '{token}' }})");
    let json = "headers: { 'Content-Type': 'application/json' }";
    vec![
        format!("fetch('{address}')"),
        format!("fetch('{address}', {{ mode: 'no-cors' }})"),
        format!("fetch('{address}', {{ method: 'DELETE' }})"),
        format!("fetch('{reveal}', {{ method: 'POST', {body}, mode: 'no-cors' }})"),
        format!("fetch('{reveal}', {{ method: 'POST', {body}, {json} }})"),
    ]
}
