//! Hostile input: request smuggling, and random tokens, bodies, sealed secrets and settings. All of it
//! is refused without effect.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bodies;
mod parsers;
mod proptest_config;
mod sealed;
mod smuggling;
#[path = "../support/mod.rs"]
mod support;
