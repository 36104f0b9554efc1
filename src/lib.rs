//! viewonce: a one-time secret service. Someone posts a secret and gets a token; whoever first
//! presents the token gets the secret, and from that instant it exists nowhere.
#![forbid(unsafe_code)]

pub mod call;
pub mod chain;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod janitor;
pub mod key;
pub mod lifetime;
pub mod seal;
pub mod secret;
pub mod store;
pub mod token;
