//! viewonce: a one-time secret service. Someone posts a secret and gets a token; whoever first
//! presents the token gets the secret, and from that instant it exists nowhere.
//!
//! # The map
//!
//! A file imports only from its own floor and from lower ones.
//!
//! | floor | rooms | what is there |
//! | --- | --- | --- |
//! | 6 | [`cli`] | the commands |
//! | 5 | [`server`] | the assembly; listener, connections, TLS, logs, what the process may do |
//! | 4 | [`http`] | the surface: routes, middleware, handlers, pages |
//! | 3 | [`janitor`], [`crypto`], [`store`] | the actors and their messages |
//! | 2 | [`metrics`] | what is counted |
//! | 1 | [`config`] | the settings and keys |
//! | 0 | [`domain`], [`runtime`] | the words of the domain; threads, lifelines, wiped bytes |
//!
//! SQL is in [`store::sqlite`] alone, actix-web in [`http`] and [`app`] alone, rustls in [`tls`]
//! alone, key material in [`crypto`] alone, but for a certificate's key, in [`tls`].
//!
//! # A view
//!
//! ```text
//! handler ── Locate{token} ──▶ CryptoActor      the ids the token may be stored under
//! handler ── Take{candidates} ▶ StoreActor      deleted and committed, then handed over
//! handler ── Open{token, secret} ▶ CryptoActor  the content
//! ```
//!
//! Where the store says that a passphrase is needed, it is stretched on a thread apart, and `Take`
//! is sent again with what came of it. What a secret goes through is told in [`store`].
#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod http;
pub mod janitor;
pub mod metrics;
pub mod runtime;
pub mod server;
pub mod store;
