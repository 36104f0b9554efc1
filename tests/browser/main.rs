//! The pages in a real browser, headless Chromium, with the real server.
//!
//! Without `chromedriver` these tests report that they are skipped, and pass; if the environment
//! variable `VIEWONCE_TEST_ALL` is set, they fail instead.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/skip.rs"]
mod skip;
#[path = "../support/mod.rs"]
mod support;

mod browser;
mod driver;

mod accessibility;
mod content_security_policy;
mod embedding;
mod errors;
mod origins;
mod passphrase;
mod repeat;
mod reveal;
