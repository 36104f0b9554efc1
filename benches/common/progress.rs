//! Progress bars, on stderr and only if it is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar of `steps` steps.
pub(crate) fn bar(name: &'static str, steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len}, {eta} left");
    ProgressBar::new(steps)
        .with_style(style.unwrap_or_else(|_invalid| ProgressStyle::default_bar()))
        .with_prefix(name)
}
