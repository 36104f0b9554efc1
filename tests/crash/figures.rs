//! The counts of an experiment.

use std::fmt;

use crate::history::{History, Outcome};

#[derive(Default)]
pub(crate) struct Figures {
    /// How many servers ended, and the name of these ends.
    pub(crate) ends: usize,
    pub(crate) called: &'static str,
    pub(crate) secrets: usize,
    pub(crate) requests: usize,
    pub(crate) uncertain: usize,
}

impl Figures {
    pub(crate) fn count(&mut self, history: &History) {
        self.secrets += 1;
        self.requests += history.0.len() - history.count(Outcome::NotRun);
        self.uncertain += history.count(Outcome::Uncertain);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ends, called, secrets, requests, uncertain } = *self;
        let (ends, secrets) = (grouped(ends), grouped(secrets));
        let (requests, uncertain) = (grouped(requests), grouped(uncertain));
        write!(f, "{ends} {called}; {secrets} secrets, {requests} requests checked, ")?;
        write!(f, "{uncertain} of them uncertain")
    }
}

/// A number with a comma between groups of three digits.
fn grouped(number: usize) -> String {
    let (before, group) = (number / 1_000, number % 1_000);
    if before == 0 { group.to_string() } else { format!("{},{group:03}", grouped(before)) }
}
