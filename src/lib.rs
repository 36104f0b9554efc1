//! viewonce: a one-time secret service. Someone posts a secret and gets a token; whoever first
//! presents the token gets the secret, and from that instant it exists nowhere.
//!
//! # The map
//!
//! A file imports only from its own floor and from lower ones.
//!
//! | floor | modules | what is there |
//! | --- | --- | --- |
//! | 4 | [`cli`], [`logging`], [`app`] | commands; logs; the assembly that starts and stops it all |
//! | 3 | [`http`] | the surface: routes, bodies, errors, pages, what counts as a view |
//! | 2 | [`crypto`], [`store`], [`janitor`], [`survey`], [`tls`] | the actors and their messages; certificates |
//! | 1 | [`config`], [`connection`], [`metrics`] | the settings; a client's connection; what is counted |
//! | 0 | [`secret`], [`token`], [`access`], [`id`], [`passphrase`], [`repeat`], [`key`], [`time_to_live`], [`clock`], [`rate`], [`chain`], [`lifeline`], [`pool`], [`wiped`], [`process`] | the words of the domain; the process itself |
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

pub mod access;
pub mod app;
pub mod chain;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connection;
pub mod crypto;
pub mod http;
pub mod id;
pub mod janitor;
pub mod key;
pub mod lifeline;
pub mod logging;
pub mod metrics;
pub mod passphrase;
pub mod pool;
pub mod process;
pub mod rate;
pub mod repeat;
pub mod secret;
pub mod store;
pub mod survey;
pub mod time_to_live;
pub mod tls;
pub mod token;
pub mod wiped;
