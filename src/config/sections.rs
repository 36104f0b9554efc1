//! The sections of the settings: each setting with its type and its allowed values. Checks of more than
//! a type or a range are in [`checks`](super::checks).

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Serialize, Serializer};
use url::Url;

use super::SettingsError;
use super::checks::{
    HOURS_OF_TEN_YEARS, PEBIBYTE, both_or_neither, database_path, default_ttl_hours, network,
    origin, passphrase_memory, public_url,
};
use super::layers::{Layers, Setting};
use crate::domain::access_token::TokenHash;
use crate::domain::time_to_live::SHORTEST_HOURS;

const MEBIBYTE: usize = 1 << 20;
const TEBIBYTE: usize = 1 << 40;
/// Bytes of a store besides its secrets: its log alone can take a few MiB.
const STORE_BYTES: u64 = 16 << 20;
/// Bytes that a reserve must have at least: views and burns write a log of some MiB between two checkpoints.
const RESERVE_BYTES: u64 = 4 << 20;
/// How often a content is written at most: at its creation and at its view, each time to the log and to
/// the database.
const WRITES_OF_CONTENT: u64 = 4;
/// The lowest rate limit: one request in a thousand seconds.
const SLOWEST: f64 = 0.001;
const FASTEST: f64 = 1_000_000.0;
const SECONDS_PER_HOUR: u64 = 3_600;
const SECONDS_PER_DAY: u64 = 86_400;
/// The most HTTP threads.
pub(super) const MAX_WORKERS: usize = 512;
const BOOL: &str = "true or false";

/// Declares a section: each setting, its type and the function that reads it.
macro_rules! section {
    ($(#[$meta:meta])* $name:ident, $section:literal {
        $($(#[$setting_meta:meta])* $setting:ident: $type:ty = $read:expr,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Serialize)]
        pub struct $name {
            $($(#[$setting_meta])* pub $setting: $type,)*
        }

        impl $name {
            pub(super) fn read(layers: &Layers) -> Result<Self, SettingsError> {
                $(let $setting: fn(&Setting<'_>) -> Result<$type, SettingsError> = $read;)*
                let of = |name| layers.setting($section, name);
                Ok(Self { $($setting: $setting(&of(stringify!($setting)))?),* })
            }
        }
    };
}

section! {
    /// Where and how the HTTP server listens.
    Server, "server" {
        /// The address to listen on.
        bind: SocketAddr = |it| it.parsed("an address and a port, as in 127.0.0.1:8000"),
        /// The address at which users reach the service.
        #[serde(serialize_with = "text_or_empty")]
        public_url: Option<Url> = public_url,
        /// HTTP threads; 0 means one for each core.
        workers: usize = |it| it.within(0..=MAX_WORKERS),
        /// Messages that may wait for the store.
        mailbox: usize = |it| it.within(1..=1_000_000),
        /// The proxies whose `X-Forwarded-For` is trusted.
        trusted_proxies: Vec<IpNet> = |it| {
            it.list("a list of addresses and networks, as in 10.0.0.0/8", network)
        },
        /// The origins whose pages may call the API.
        cors_origins: Vec<String> = |it| {
            it.list("a list of origins as browsers write them, as in https://app.example.com", origin)
        },
        /// The file with the certificate; empty without TLS.
        tls_cert: PathBuf = |it| both_or_neither(it, "tls_key"),
        /// The file with its private key; empty without TLS.
        tls_key: PathBuf = |it| both_or_neither(it, "tls_cert"),
        /// The users that this instance serves.
        serve: Serve = |it| {
            it.one_of(&[("all", Serve::All), ("create", Serve::Create), ("view", Serve::View)])
        },
        /// Whether all memory is locked, so that none of it is swapped.
        lock_memory: bool = |it| it.parsed(BOOL),
    }
}

section! {
    /// The database file and its limits.
    Store, "store" {
        /// The database file.
        path: PathBuf = database_path,
        /// Seconds after the end of a secret within which its shred key is erased.
        erase_seconds: u64 = |it| it.within(1..=SECONDS_PER_DAY),
        /// Bytes up to which creations may fill the store; 0 means no limit.
        max_bytes: u64 = |it| it.zero_or_within(STORE_BYTES + content_writes(it)?..=PEBIBYTE),
        /// Bytes that creations must leave free on the file system; 0 means no reserve.
        min_free_bytes: u64 = |it| it.zero_or_within(content_writes(it)?.max(RESERVE_BYTES)..=PEBIBYTE),
    }
}

section! {
    /// The bounds of a secret: its size, lifetime and attempts.
    Secrets, "secrets" {
        /// Hours that a secret lives if its sender does not specify it.
        default_ttl_hours: f64 = default_ttl_hours,
        /// The longest lifetime that a sender may request, in hours.
        max_ttl_hours: f64 = |it| it.within(SHORTEST_HOURS..=HOURS_OF_TEN_YEARS),
        /// The most bytes of a content.
        max_content_bytes: usize = |it| it.within(1..=64 * MEBIBYTE),
        /// Whether a GET views a secret.
        view_by_get: bool = |it| it.parsed(BOOL),
        /// Wrong passphrases after which a secret is destroyed.
        max_attempts: u32 = |it| it.within(1..=1_000_000),
        /// Seconds for which a revealed secret is kept for a repeat.
        redeliver_seconds: u64 = |it| it.within(0..=SECONDS_PER_HOUR),
    }
}

section! {
    /// The memory and the queue for stretching passphrases.
    #[derive(Copy)]
    Passphrases, "passphrases" {
        /// Bytes of memory for all passphrases that are stretched at the same time.
        memory_bytes: u64 = passphrase_memory,
        /// Passphrases that may wait, counted separately for creations and reveals.
        queue: usize = |it| it.within(0..=100_000),
    }
}

section! {
    /// How long receipts are kept, and how many requests may wait for one.
    #[derive(Copy)]
    Receipts, "receipts" {
        /// Hours for which a receipt is kept after the end of its secret.
        keep_hours: f64 = |it| it.within(1.0..=HOURS_OF_TEN_YEARS),
        /// Requests that may wait for the end of a secret at the same time.
        max_waiting: usize = |it| it.within(0..=1_000_000),
    }
}

section! {
    /// Limits on clients and connections.
    #[derive(Copy)]
    Limits, "limits" {
        /// Requests a second that a client may send in the long run; 0 means no limit.
        requests_per_second: f64 = |it| it.zero_or_within(SLOWEST..=FASTEST),
        /// Requests that a client may send at once.
        burst: u32 = |it| it.within(1..=1_000_000),
        /// Open connections.
        connections: usize = |it| it.within(1..=1_000_000),
        /// Seconds that a client may take to send the head of a request, and for a TLS handshake.
        head_seconds: u64 = |it| it.within(1..=SECONDS_PER_HOUR),
        /// Seconds that a client may take to send the body of a request.
        body_seconds: u64 = |it| it.within(1..=SECONDS_PER_HOUR),
        /// Bytes of memory for all arriving bodies, beyond the first 16 KiB of each.
        body_bytes: usize = |it| {
            it.within(Secrets::read(it.layers)?.max_escaped_bytes()..=TEBIBYTE)
        },
        /// Seconds that a connection may be silent between two requests.
        keep_alive_seconds: u64 = |it| it.within(1..=SECONDS_PER_HOUR),
        /// Seconds after which a client that accepts no byte of a response is disconnected.
        send_seconds: u64 = |it| it.within(1..=SECONDS_PER_HOUR),
    }
}

section! {
    /// How often expired secrets are purged.
    Janitor, "janitor" {
        /// Seconds between two purges, before `store.erase_seconds` shortens them.
        interval_seconds: u64 = |it| it.within(1..=SECONDS_PER_DAY),
    }
}

section! {
    /// The format of the logs.
    #[derive(Copy)]
    Log, "log" {
        /// The format of a line.
        format: LogFormat = |it| it.one_of(&[("text", LogFormat::Text), ("json", LogFormat::Json)]),
    }
}

section! {
    /// Who may create secrets.
    Access, "access" {
        /// The hashes of the access tokens that allow creating; if empty, everyone may create.
        create_tokens: Vec<TokenHash> = |it| {
            it.list("a list of hashes as `viewonce token` prints them, or empty", |text| {
                TokenHash::parse(text).ok()
            })
        },
    }
}

section! {
    /// Where the metrics are served.
    #[derive(Copy)]
    Metrics, "metrics" {
        /// The address to serve the metrics on; `None` means no metrics.
        #[serde(serialize_with = "text_or_empty")]
        bind: Option<SocketAddr> = metrics_address,
    }
}

/// The users that an instance serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Serve {
    /// Everyone.
    All,
    /// Senders: creating, receipts, status.
    Create,
    /// Viewers: the page, viewing, acknowledging, burning by token, status.
    View,
}

/// The format of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl Server {
    /// Whether the server speaks TLS.
    pub fn has_tls(&self) -> bool {
        !self.tls_cert.as_os_str().is_empty()
    }
}

impl Secrets {
    /// The most bytes of a content in JSON, which may write one byte as six: `\u0041`.
    pub const fn max_escaped_bytes(&self) -> usize {
        const ESCAPE_FACTOR: usize = 6;
        self.max_content_bytes * ESCAPE_FACTOR
    }
}

/// The bytes written for the largest content. Limits of the store must not be lower.
fn content_writes(it: &Setting<'_>) -> Result<u64, SettingsError> {
    Ok(Secrets::read(it.layers)?.max_content_bytes as u64 * WRITES_OF_CONTENT)
}

fn metrics_address(it: &Setting<'_>) -> Result<Option<SocketAddr>, SettingsError> {
    const EXPECTED: &str = "an address and a port of its own, as in 127.0.0.1:9100, or empty";
    let bind = it.optional::<SocketAddr>(EXPECTED)?;
    // Port 0 picks another free port each time.
    let is_taken = |bind: SocketAddr| Ok(bind.port() != 0 && bind == Server::read(it.layers)?.bind);
    if bind.map_or(Ok(false), is_taken)? { Err(it.refuse(EXPECTED)) } else { Ok(bind) }
}

#[expect(clippy::ref_option, reason = "serde passes the field by reference")]
fn text_or_empty<T: Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_str(""),
    }
}
