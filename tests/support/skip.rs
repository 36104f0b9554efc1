//! Skipping: a test that needs a tool that this machine lacks reports so and passes, unless all tests
//! must run.
#![allow(dead_code, reason = "no test binary uses all of it")]

use std::io::{self, Write as _};
use std::{env, thread};

/// Reports the skipped test on stderr. Fails if all tests must run.
#[expect(clippy::explicit_write, reason = "libtest captures what `eprintln!` writes")]
pub(crate) fn skip<T>(missing: &str) -> Option<T> {
    assert!(env::var_os("VIEWONCE_TEST_ALL").is_none(), "{missing} is missing");
    let test = thread::current();
    let name = test.name().unwrap_or_default();
    writeln!(io::stderr(), "skipped, as {missing} is missing: {name}").unwrap();
    None
}
