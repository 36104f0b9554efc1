//! What was asked about one secret, when, and what came of it. Tokens and contents are not in it.

use std::fmt;

use crate::model::{Answer, Ask};

/// An instant of a trial. No two things happen at the same one.
pub(crate) type Instant = u64;

/// A request that is under way has not ended yet.
pub(crate) const NEVER: Instant = Instant::MAX;

/// The requests of a history that one search can hold.
pub(crate) const MOST_REQUESTS: usize = 64;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered(Answer),
    /// It certainly had no effect.
    NotRun,
    /// It may have had its effect, or not.
    Uncertain,
}

/// A request about a secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) ask: Ask,
    pub(crate) invoked: Instant,
    /// When it was answered; or if it was not, when it could no longer have an effect, because the
    /// server that may have got it had come to its end.
    pub(crate) ended: Instant,
    pub(crate) outcome: Outcome,
}

/// All requests about a secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(pub(crate) Vec<Request>);

impl History {
    /// How many requests ended so.
    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.0.iter().filter(|request| request.outcome == outcome).count()
    }

    /// Without the requests that ended so.
    pub(crate) fn without(&self, outcome: Outcome) -> Self {
        Self(self.0.iter().filter(|request| request.outcome != outcome).copied().collect())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(answer) => write!(f, "{answer:?}"),
            Self::NotRun => f.write_str("(not run)"),
            Self::Uncertain => f.write_str("?"),
        }
    }
}

/// A line for each request, in the order in which they were invoked: from when to when, what was
/// asked, and what came of it.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Request { ask, invoked, ended, outcome } in &self.0 {
            let ended = if *ended == NEVER { "…".to_owned() } else { ended.to_string() };
            writeln!(f, "  {invoked:>8} to {ended:>8}  {ask:?}: {outcome}")?;
        }
        Ok(())
    }
}
