//! The history of one secret: requests, instants and outcomes, without tokens and contents.

use std::fmt;

use crate::model::{Answer, Ask};

/// A logical instant of a trial. No two events share one.
pub(crate) type Instant = u64;

/// The end of a request in flight.
pub(crate) const NEVER: Instant = Instant::MAX;

/// Maximum number of requests in a history: a search keeps them in a bit set.
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
    /// When it was answered; otherwise the end of the server that may have received it, after which it
    /// cannot have an effect.
    pub(crate) ended: Instant,
    pub(crate) outcome: Outcome,
}

/// All requests about a secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(pub(crate) Vec<Request>);

impl History {
    /// How many requests have this outcome.
    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.0.iter().filter(|request| request.outcome == outcome).count()
    }

    /// The history without the requests that have this outcome.
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

/// One line per request in the order of invocation: its instants, the request, and its outcome.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Request { ask, invoked, ended, outcome } in &self.0 {
            let ended = if *ended == NEVER { "…".to_owned() } else { ended.to_string() };
            writeln!(f, "  {invoked:>8} to {ended:>8}  {ask:?}: {outcome}")?;
        }
        Ok(())
    }
}
