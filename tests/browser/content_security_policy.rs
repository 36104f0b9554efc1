//! No page violates its content security policy or sends a request to another origin.

use serde_json::json;

use crate::browser::{Browser, named};
use crate::passphrase::{PASSPHRASE, enter, store_protected};
use crate::repeat::spawn_app_with_long_repeats;
use crate::reveal::link;
use crate::support::spawn_app;

const CONTENT: &str = "the spare key is under the third pot";

/// The other origins that the page has sent requests to.
const OTHER_ORIGINS: &str = "return performance.getEntriesByType('resource') \
    .map((entry) => new URL(entry.name)) \
    .filter((url) => url.protocol !== 'data:' && url.origin !== location.origin) \
    .map(String)";

/// Records violations of the policy from the start of every page.
const WATCH: &str = "window.refused = []; addEventListener('securitypolicyviolation', \
    (event) => refused.push(`${event.violatedDirective} ${event.blockedURI}`))";

async fn assert_obeys_policy(browser: &Browser, page: &str) {
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
async fn no_page_violates_its_policy_or_contacts_another_origin() {
    let Some(browser) = watching().await else { return };
    let app = spawn_app();
    for (path, drawn) in [("/", "main"), ("/redoc", "main"), ("/docs", ".opblock")] {
        browser.open(&app.url(path)).await;
        browser.find(drawn).await;
        assert_obeys_policy(&browser, path).await;
    }
    let token = app.store(CONTENT).await;
    browser.open(&link(&app, &token)).await;
    browser.reveal().await;
    assert_obeys_policy(&browser, "/s").await;
    assert_eq!(browser.errors().await, Vec::<serde_json::Value>::new());
}

#[actix_web::test]
async fn the_secret_page_obeys_its_policy_from_refusal_to_deletion() {
    let Some(browser) = watching().await else { return };
    let app = spawn_app_with_long_repeats();
    let token = store_protected(&app).await;
    browser.open(&link(&app, &token)).await;
    browser.shown("ready").await;
    browser.click("#legible").await;
    enter(&browser, "open says me").await;
    browser.find("#refusal:not(:empty)").await;
    enter(&browser, PASSPHRASE).await;
    browser.shown("open").await;
    browser.click("#copy").await;
    browser.find("#notice:not(:empty)").await;
    assert_obeys_policy(&browser, "open").await;
    browser.reload().await;
    browser.shown("open").await;
    browser.click("#keep").await;
    browser.shown("kept").await;
    assert_obeys_policy(&browser, "kept").await;
}

#[actix_web::test]
async fn swagger_ui_contacts_no_third_party_on_a_public_host_name() {
    let Some(browser) = watching().await else { return };
    let app = spawn_app();
    // On a public host name, Swagger UI would show a third party's badge if this were not disabled.
    browser.open(&format!("{}/docs", named(&app))).await;
    browser.find(".opblock").await;
    assert_obeys_policy(&browser, "/docs").await;
}

#[actix_web::test]
async fn swagger_ui_executes_an_operation() {
    let Some(browser) = watching().await else { return };
    let app = spawn_app();
    browser.open(&app.url("/docs")).await;
    browser.click("#operations-operations-health .opblock-summary-control").await;
    browser.click("#operations-operations-health .try-out__btn").await;
    browser.click("#operations-operations-health .execute").await;
    let answer = browser.find(".live-responses-table tbody").await;
    assert!(answer.text().await.unwrap().contains("healthy"));
    assert_obeys_policy(&browser, "/docs").await;
}
