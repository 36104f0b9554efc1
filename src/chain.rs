//! An error with its causes, in one line.

use std::error::Error;
use std::fmt;

/// Shows an error and, after colons, what caused it.
pub struct Chain<'a>(pub &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut causes = std::iter::successors(self.0.source(), |&cause| cause.source());
        causes.try_for_each(|cause| write!(f, ": {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the roof leaks")]
    struct Outer(#[source] fmt::Error);

    #[test]
    fn causes_follow_after_colons() {
        let line = Chain(&Outer(fmt::Error)).to_string();
        assert_eq!(line, format!("the roof leaks: {}", fmt::Error));
    }
}
