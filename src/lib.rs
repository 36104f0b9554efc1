//! viewonce: a one-time secret service. A sender posts a secret and gets a token. The first caller who
//! presents the token gets the secret, and from that moment it is deleted for good.
//!
//! # The rooms
//!
//! A room is a file with a folder of the same name. It imports from lower rooms and from rooms beside it.
//!
//! | height | rooms | what they hold |
//! | --- | --- | --- |
//! | 6 | [`cli`] | one file for each command |
//! | 5 | [`server`] | starting and stopping in order; listener, connections, TLS, logs, hardening |
//! | 4 | [`http`] | routes, middleware, handlers, problems, pages |
//! | 3 | [`crypto`], [`store`], [`janitor`] | the actors and their messages |
//! | 2 | [`metrics`] | counters, gauges and histograms |
//! | 1 | [`config`] | settings and secret keys |
//! | 0 | [`domain`], [`runtime`] | types of the domain; threads, lifelines of actors, wiped buffers |
//!
//! Only [`store::sqlite`] uses SQL, only [`http`] and [`server`] use actix-web, only [`server::tls`] uses
//! rustls. Secret keys pass from [`config`] to [`crypto`], which derives its own keys from them.
//!
//! # A view
//!
//! ```text
//! handler ── Locate{token} ─────▶ CryptoActor   derives the ids under which the secret can be stored
//! handler ── Take{candidates} ──▶ StoreActor    deletes the secret, commits, then returns it
//! handler ── Open{token, secret} ▶ CryptoActor  decrypts the content
//! ```
//!
//! If the secret has a passphrase, the store says so. The passphrase is stretched on a pool of threads, and
//! the handler sends `Take` again with the verifier. [`store`] has the table of a secret's states.
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
