//! The configuration of proptest: how many random cases each test runs.

use std::env;

use proptest::test_runner::Config;

/// Cases of each test, unless the environment says how many.
const CASES: u32 = 2_000;

/// A run of so many cases, or of `PROPTEST_CASES` of them. What fails is told, not kept in a file.
pub(crate) fn config() -> Config {
    let cases = env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: cases.unwrap_or(CASES), failure_persistence: None, ..Config::default() }
}
