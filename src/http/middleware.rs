//! What every request and every answer passes, whatever its handler.

pub(crate) mod client_address;
pub(crate) mod cors;
pub(crate) mod frame;
pub(crate) mod intent;
pub(crate) mod rate_limit;
