//! Tools for every module that know nothing of secrets: thread pools, lifelines of actors, a buffer that
//! is wiped on drop, and an error with its causes on one line.

pub mod chain;
pub mod lifeline;
pub mod pool;
pub mod wiped;
