//! What every room may use and that knows nothing of secrets: pools of threads, the lifelines of actors,
//! bytes that are wiped on drop, and the causes of an error on one line.

pub mod chain;
pub mod lifeline;
pub mod pool;
pub mod wiped;
