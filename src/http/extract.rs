//! Parsers of request parts: JSON bodies, tokens, idempotency keys and access tokens.

pub(crate) mod bearer;
pub(crate) mod body;
pub(crate) mod idempotency_key;
pub(crate) mod token;
