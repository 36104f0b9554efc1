//! The types of the domain: secrets, tokens, ids, keys, passphrases and time. Nothing here reads a
//! file, a socket or a setting.

pub mod access_token;
pub mod clock;
pub mod id;
pub mod idempotency_key;
pub mod passphrase;
pub mod secret;
pub mod secret_key;
pub mod time_to_live;
pub mod token;
