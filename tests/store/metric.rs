//! Reads a store's metrics as a scrape does.

use std::fmt::Debug;
use std::str::FromStr;

use prometheus::TextEncoder;
use viewonce::store::Store;

/// The value of this series, written with its labels, if it is exposed.
pub(crate) fn metric<T: FromStr<Err: Debug>>(store: &Store, series: &str) -> Option<T> {
    let text = TextEncoder.encode_to_string(&store.metrics().registry.gather()).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}
