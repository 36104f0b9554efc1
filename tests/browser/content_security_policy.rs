//! No page violates its content security policy or sends a request to another origin.

use serde_json::json;

use crate::browser::{Browser, named};
use crate::passphrase::{PASSPHRASE, enter, guarded};
use crate::repeat::spawn_patient_app;
use crate::reveal::link;
use crate::support::spawn_app;

const CONTENT: &str = "the spare key is under the third pot";

/// The origins other than its own that the page has asked.
const OTHER_ORIGINS: &str = "return performance.getEntriesByType('resource') \
    .map((entry) => new URL(entry.name)) \
    .filter((url) => url.protocol !== 'data:' && url.origin !== location.origin) \
    .map(String)";

/// Keeps what a policy refuses from the first moment of every page.
const WATCH: &str = "window.refused = []; addEventListener('securitypolicyviolation', \
    (event) => refused.push(`${event.violatedDirective} ${event.blockedURI}`))";

async fn assert_obedient(browser: &Browser, page: &str) {
    assert_eq!(browser.run("return refused").await, json!([]), "{page}");
    assert_eq!(browser.run(OTHER_ORIGINS).await, json!([]), "{page}");
    assert!(browser.run("return performance.getEntriesByType('resource').length").await != 0);
}

async fn watching() -> Option<Browser> {
    let browser = Browser::start().await?;
    let script = json!({ "source": WATCH });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", script).await;
    Some(browser)
}

#[actix_web::test]
async fn no_page_breaks_its_policy_or_asks_another_origin() {
    let Some(browser) = watching().await else { return };
    let app = spawn_app();
    for (path, drawn) in [("/", "main"), ("/redoc", "main"), ("/docs", ".opblock")] {
        browser.open(&app.url(path)).await;
        browser.find(drawn).await;
        assert_obedient(&browser, path).await;
    }
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.reveal().await;
    assert_obedient(&browser, "/s").await;
    assert_eq!(browser.errors().await, Vec::<serde_json::Value>::new());
}

#[actix_web::test]
async fn the_page_of_a_secret_obeys_its_policy_whatever_is_done_there() {
    let Some(browser) = watching().await else { return };
    let app = spawn_patient_app();
    let token = guarded(&app).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    browser.click("#legible").await;
    enter(&browser, "open says me").await;
    browser.find("#refusal:not(:empty)").await;
    enter(&browser, PASSPHRASE).await;
    browser.shown("open").await;
    browser.click("#copy").await;
    browser.find("#notice:not(:empty)").await;
    assert_obedient(&browser, "open").await;
    browser.reload().await;
    browser.shown("open").await;
    browser.click("#keep").await;
    browser.shown("kept").await;
    assert_obedient(&browser, "kept").await;
}

#[actix_web::test]
async fn swagger_ui_keeps_to_itself_under_a_name_of_its_own() {
    let Some(browser) = watching().await else { return };
    let app = spawn_app();
    // On a public name it would show a third party's badge, had it not been told otherwise.
    browser.open(&format!("{}/docs", named(&app))).await;
    browser.find(".opblock").await;
    assert_obedient(&browser, "/docs").await;
}

#[actix_web::test]
async fn swagger_ui_sends_what_it_is_told_to() {
    let Some(browser) = watching().await else { return };
    let app = spawn_app();
    browser.open(&app.url("/docs")).await;
    browser.click("#operations-operations-health .opblock-summary-control").await;
    browser.click("#operations-operations-health .try-out__btn").await;
    browser.click("#operations-operations-health .execute").await;
    let answer = browser.find(".live-responses-table tbody").await;
    assert!(answer.text().await.unwrap().contains("healthy"));
    assert_obedient(&browser, "/docs").await;
}
