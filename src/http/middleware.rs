//! Checks and headers that requests and responses of several handlers share.

pub(crate) mod client_address;
pub(crate) mod cors;
pub(crate) mod frame;
pub(crate) mod intent;
pub(crate) mod rate_limit;
