//! The configuration of proptest: how many random cases each test runs.

use std::env;

use proptest::test_runner::Config;

/// Number of cases of each test, unless the environment sets it.
const CASES: u32 = 2_000;

/// The configuration with the number of cases. Failures are printed, not saved to a file.
pub(crate) fn config() -> Config {
    let cases = env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: cases.unwrap_or(CASES), failure_persistence: None, ..Config::default() }
}
