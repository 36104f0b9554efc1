//! The handlers, one file for each endpoint of the API.

pub(crate) mod acknowledge;
pub(crate) mod burn;
pub(crate) mod create;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod receipt;
pub(crate) mod reveal;
pub(crate) mod status;
