//! Accessibility: the pages work on a phone, in light and dark mode, and in a screen reader.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser::{Browser, named};
use crate::passphrase::store_protected;
use crate::reveal::link;
use crate::support::{spawn_app, spawn_app_with};

/// A script that returns the hard-to-read elements of a page.
const HARD_TO_READ: &str = include_str!("hard_to_read.js");
/// The roles of elements that can be operated or are announced.
const HEARD: [&str; 7] = ["alert", "button", "checkbox", "heading", "link", "status", "textbox"];
/// The width of small phones, in CSS pixels.
const WIDTH: u32 = 360;

async fn emulate_phone(browser: &Browser, scheme: &str) {
    let screen = json!({ "width": WIDTH, "height": 740, "deviceScaleFactor": 2, "mobile": true });
    browser.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
    browser.devtools("Emulation.setEmulatedMedia", features).await;
}

async fn assert_readable(browser: &Browser, page: &str) {
    assert_eq!(browser.run(HARD_TO_READ).await, json!([]), "{page}");
    // A phone zooms out if the page is too wide.
    assert_eq!(browser.run("return innerWidth").await, WIDTH, "{page}");
    assert_eq!(browser.run("return document.documentElement.scrollWidth").await, WIDTH, "{page}");
}

async fn background(browser: &Browser) -> Value {
    browser.run("return getComputedStyle(document.body).backgroundColor").await
}

#[actix_web::test]
async fn every_page_is_readable_on_a_phone_in_light_and_dark_mode() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let mut backgrounds = Vec::new();
    for scheme in ["light", "dark"] {
        emulate_phone(&browser, scheme).await;
        for path in ["/", "/redoc", "/s"] {
            browser.open(&app.url(path)).await;
            assert_readable(&browser, path).await;
        }
        backgrounds.push(background(&browser).await);
    }
    assert_ne!(backgrounds[0], backgrounds[1]);
}

#[actix_web::test]
async fn a_secret_is_readable_on_a_phone_in_light_and_dark_mode() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    for scheme in ["light", "dark"] {
        emulate_phone(&browser, scheme).await;
        let token = app.store(&"unbroken".repeat(400)).await;
        browser.open(&link(&app, &token)).await;
        browser.shown("ready").await;
        assert_readable(&browser, "ready").await;
        browser.reveal().await;
        assert_readable(&browser, "open").await;
        browser.click("#keep").await;
        browser.shown("kept").await;
        assert_readable(&browser, "kept").await;
        browser.open(&link(&app, &token)).await;
        browser.shown("gone").await;
        assert_readable(&browser, "gone").await;
    }
}

#[actix_web::test]
async fn a_passphrase_is_readable_on_a_phone_in_light_and_dark_mode() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app_with(|settings| settings.secrets.max_attempts = 2);
    for scheme in ["light", "dark"] {
        emulate_phone(&browser, scheme).await;
        let token = store_protected(&app).await;
        browser.open(&link(&app, &token)).await;
        browser.shown("ready").await;
        browser.click("#legible").await;
        browser.click("#passphrase").await;
        browser.type_text(&"unbroken".repeat(20)).await;
        assert_readable(&browser, "ready").await;
        browser.press(Key::Enter).await;
        browser.find("#refusal:not(:empty)").await;
        assert_readable(&browser, "refused").await;
        browser.press(Key::Enter).await;
        browser.shown("locked").await;
        assert_readable(&browser, "locked").await;
    }
}

#[actix_web::test]
async fn a_screen_reader_reads_the_secret_once() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = app.store("the spare key is under the third pot").await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    let ready = ["heading A secret for you", "alert ", "button Reveal the secret"];
    assert_eq!(announced(&browser).await, ready);
    browser.reveal().await;
    let open = [
        "heading The secret",
        "textbox The secret",
        "button Copy",
        "button I have kept it, delete it",
        "status ",
    ];
    assert_eq!(announced(&browser).await, open);
    // The focus makes the heading be read; in a live region it would be read twice.
    assert!(browser.has_focus("h1:not([aria-live] *, [role=status] *, [role=alert] *)").await);
}

#[actix_web::test]
async fn a_screen_reader_reads_the_passphrase_form() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let token = store_protected(&app).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    let ready = [
        "heading A secret for you",
        "textbox Passphrase",
        "checkbox Show what I type",
        "alert ",
        "button Reveal the secret",
    ];
    assert_eq!(announced(&browser).await, ready);
}

/// The role and the name of everything that can be operated or is announced, in page order.
async fn announced(browser: &Browser) -> Vec<String> {
    let tree = browser.devtools("Accessibility.getFullAXTree", json!({})).await;
    let nodes = tree["nodes"].as_array().unwrap();
    let mut announced = Vec::new();
    announce(nodes, &nodes[0], &mut announced);
    announced
}

/// Adds what a screen reader says of `node` and then of its children.
fn announce(nodes: &[Value], node: &Value, announced: &mut Vec<String>) {
    if let (Some(role), Some(name)) =
        (node["role"]["value"].as_str(), node["name"]["value"].as_str())
        && HEARD.contains(&role)
    {
        announced.push(format!("{role} {name}"));
    }
    for id in node["childIds"].as_array().into_iter().flatten() {
        if let Some(child) = nodes.iter().find(|node| node["nodeId"] == *id) {
            announce(nodes, child, announced);
        }
    }
}

#[actix_web::test]
async fn the_start_page_shows_a_command_for_where_it_was_found() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    let address = named(&app);
    browser.open(&address).await;
    let command = browser.find("pre").await.text().await.unwrap();
    assert!(command.contains(&format!("curl -s {address}/api/v1/secrets ")), "{command}");
}

#[actix_web::test]
async fn headings_leave_out_no_level() {
    let Some(browser) = Browser::start().await else { return };
    let app = spawn_app();
    for path in ["/", "/s", "/redoc"] {
        browser.open(&app.url(path)).await;
        let levels = "return [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')] \
            .filter((heading) => heading.checkVisibility()).map(({ tagName }) => Number(tagName[1]))";
        let levels = browser.run(levels).await;
        let levels: Vec<u64> = serde_json::from_value(levels).unwrap();
        assert_eq!(levels.first(), Some(&1), "{path}");
        assert!(levels.windows(2).all(|pair| 1 < pair[1] && pair[1] <= pair[0] + 1), "{path}");
    }
}
