//! Input from those who mean no good: requests that two servers would read in two ways, and whatever
//! chance makes of tokens, bodies, sealed secrets and settings. Nothing of it does anything but be
//! refused.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bodies;
mod chance;
mod parsers;
mod sealed;
mod smuggling;
#[path = "../support/mod.rs"]
mod support;
