//! The sections of the settings: each setting with its type and what it may be.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::{Serialize, Serializer};
use url::Url;

use super::layers::{Layers, Setting};
use super::{Environment, SettingsError};
use crate::domain::access_token::TokenHash;
use crate::domain::passphrase::STRETCHING_BYTES;
use crate::domain::time_to_live::SHORTEST_HOURS;

const DATABASE_FILE: &str = "storage/db/viewonce.sqlite3";
const PRODUCTION_ROOT: &str = "/app";
const MEBIBYTE: usize = 1 << 20;
const TEBIBYTE: usize = 1 << 40;
const PEBIBYTE: u64 = 1 << 50;
/// What a store takes besides its secrets: its log alone has a few MiB at times.
const STORE_BYTES: u64 = 8 << 20;
/// How often a content is written at the most until it is viewed: when it comes and when it goes, to the
/// log and to the database.
const WRITES_OF_CONTENT: u64 = 4;
/// The slowest rate that is a limit: one in a thousand seconds.
const SLOWEST: f64 = 0.001;
const FASTEST: f64 = 1_000_000.0;
const SECONDS_PER_HOUR: u64 = 3_600;
const SECONDS_PER_DAY: u64 = 86_400;
const HOURS_OF_TEN_YEARS: f64 = 87_600.0;
/// The most HTTP threads.
pub(super) const MAX_WORKERS: usize = 512;
/// Of the memory there is, passphrases may have one part in so many unless it is set.
const PASSPHRASES_PART: u64 = 8;
const BOOL: &str = "true or false";

/// Declares a section: each setting, and how it is read.
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
    /// Where the HTTP server listens, and how.
    Server, "server" {
        /// The address to listen on.
        bind: SocketAddr = |it| it.parsed("an address and a port, as in 127.0.0.1:8000"),
        /// Where users reach the service.
        #[serde(serialize_with = "text_or_empty")]
        public_url: Option<Url> = public_url,
        /// HTTP threads; 0 is one for each core.
        workers: usize = |it| it.within(0..=MAX_WORKERS),
        /// Messages that may wait for the store.
        mailbox: usize = |it| it.within(1..=1_000_000),
        /// The proxies whose `X-Forwarded-For` is believed.
        trusted_proxies: Vec<IpNet> = |it| {
            it.list("a list of addresses and networks, as in 10.0.0.0/8", network)
        },
        /// The origins whose pages may call the API.
        cors_origins: Vec<String> = |it| {
            it.list("a list of origins as browsers write them, as in https://app.example.com", origin)
        },
        /// The file with the certificate, or nothing: then there is no TLS.
        tls_cert: PathBuf = |it| with(it, "tls_key"),
        /// The file with its key, or nothing.
        tls_key: PathBuf = |it| with(it, "tls_cert"),
        /// Whom it serves.
        serve: Serve = |it| {
            it.one_of(&[("all", Serve::All), ("create", Serve::Create), ("view", Serve::View)])
        },
        /// Whether memory is kept out of the swap space.
        lock_memory: bool = |it| it.parsed(BOOL),
    }
}

section! {
    /// The database file and what is asked of it.
    Store, "store" {
        /// The database file.
        path: PathBuf = database_path,
        /// See `config/default.toml`.
        erase_seconds: u64 = |it| it.within(1..=SECONDS_PER_DAY),
        /// Bytes up to which creations may fill the store; 0 if there is no limit.
        max_bytes: u64 = |it| it.zero_or_within(STORE_BYTES + content_writes(it)?..=PEBIBYTE),
        /// Bytes that creations leave free on its file system.
        min_free_bytes: u64 = |it| it.zero_or_within(content_writes(it)?..=PEBIBYTE),
    }
}

section! {
    /// What may be confided and for how long.
    Secrets, "secrets" {
        /// Hours a secret lives when its sender does not say.
        default_ttl_hours: f64 = default_ttl_hours,
        /// The most hours a sender may ask for.
        max_ttl_hours: f64 = |it| it.within(SHORTEST_HOURS..=HOURS_OF_TEN_YEARS),
        /// The most bytes of a content.
        max_content_bytes: usize = |it| it.within(1..=64 * MEBIBYTE),
        /// Whether a GET views a secret.
        view_by_get: bool = |it| it.parsed(BOOL),
        /// Wrong passphrases after which a secret is destroyed.
        max_attempts: u32 = |it| it.within(1..=1_000_000),
        /// Seconds for which a secret is kept for a repeat.
        redeliver_seconds: u64 = |it| it.within(0..=SECONDS_PER_HOUR),
    }
}

section! {
    /// How much of the machine passphrases may take.
    #[derive(Copy)]
    Passphrases, "passphrases" {
        /// Bytes that stretching them may take at a time, in all.
        memory_bytes: u64 = passphrase_memory,
        /// Passphrases that may wait, of creations and of reveals each.
        queue: usize = |it| it.within(0..=100_000),
    }
}

section! {
    /// How long receipts are kept, and how many may wait for one.
    #[derive(Copy)]
    Receipts, "receipts" {
        /// Hours that a receipt is kept after the end of its secret.
        keep_hours: f64 = |it| it.within(1.0..=HOURS_OF_TEN_YEARS),
        /// Requests that may wait for the end of a secret at a time.
        max_waiting: usize = |it| it.within(0..=1_000_000),
    }
}

section! {
    /// What clients may take up, and ask for.
    #[derive(Copy)]
    Limits, "limits" {
        /// Requests that a client may send a second in the long run; 0 if there is no limit.
        requests_per_second: f64 = |it| it.zero_or_within(SLOWEST..=FASTEST),
        /// Requests that it may send at once.
        burst: u32 = |it| it.within(1..=1_000_000),
        /// Connections that are open at a time.
        connections: usize = |it| it.within(1..=1_000_000),
        /// Seconds that a client may take over the head of a request, and over a handshake of TLS.
        head_seconds: u64 = |it| it.within(1..=SECONDS_PER_HOUR),
        /// Seconds that a client may take over the body of a request.
        body_seconds: u64 = |it| it.within(1..=SECONDS_PER_HOUR),
        /// Bytes that the bodies which are read may have together, beyond small ones.
        body_bytes: usize = |it| {
            it.within(Secrets::read(it.layers)?.max_escaped_bytes()..=TEBIBYTE)
        },
        /// Seconds that a connection may be silent between two requests.
        keep_alive_seconds: u64 = |it| it.within(1..=SECONDS_PER_HOUR),
        /// Seconds that a client may take no byte of an answer.
        send_seconds: u64 = |it| it.within(1..=SECONDS_PER_HOUR),
    }
}

section! {
    /// When expired secrets are purged.
    Janitor, "janitor" {
        /// Seconds between two purges, as set.
        interval_seconds: u64 = |it| it.within(1..=SECONDS_PER_DAY),
    }
}

section! {
    /// How logs are written.
    #[derive(Copy)]
    Log, "log" {
        /// How a line is written.
        format: LogFormat = |it| it.one_of(&[("text", LogFormat::Text), ("json", LogFormat::Json)]),
    }
}

section! {
    /// Who may create secrets.
    Access, "access" {
        /// The hashes of the tokens whose bearers may create; everyone may, if there are none.
        create_tokens: Vec<TokenHash> = |it| {
            it.list("a list of hashes as `viewonce token` prints them, or nothing", |text| {
                TokenHash::parse(text).ok()
            })
        },
    }
}

section! {
    /// Where it is told what goes on.
    #[derive(Copy)]
    Metrics, "metrics" {
        /// The address to listen on for who asks for them; nowhere, if there is none.
        #[serde(serialize_with = "text_or_empty")]
        bind: Option<SocketAddr> = metrics_address,
    }
}

/// Whom an instance serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Serve {
    /// Everyone.
    All,
    /// Senders: creating, receipts, status.
    Create,
    /// Viewers: the page, viewing, burning by token, status.
    View,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: an object a line.
    Json,
}

impl Server {
    /// Whether it speaks TLS.
    pub fn has_tls(&self) -> bool {
        !self.tls_cert.as_os_str().is_empty()
    }
}

impl Secrets {
    /// The most bytes that a content has as JSON, which may write each as six: `\u0041`.
    pub const fn max_escaped_bytes(&self) -> usize {
        const ESCAPE_FACTOR: usize = 6;
        self.max_content_bytes * ESCAPE_FACTOR
    }
}

fn public_url(it: &Setting<'_>) -> Result<Option<Url>, SettingsError> {
    const EXPECTED: &str = "an address as in https://secrets.example.com, or nothing";
    let Some(url) = it.optional::<Url>(EXPECTED)? else { return Ok(None) };
    let is_plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let is_good = matches!(url.scheme(), "http" | "https") && is_plain;
    if is_good { Ok(Some(url)) } else { Err(it.refuse(EXPECTED)) }
}

/// A network, or one of a single address. IPv4 in the form of IPv6 is IPv4.
fn network(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical().into());
    }
    let network: IpNet = text.parse().ok()?;
    (network.addr() == network.addr().to_canonical()).then(|| network.trunc())
}

/// An origin, if it is written as a browser writes it: nothing else would ever be equal to one.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    // A star would be a name like any other, and not what was meant.
    let is_web = matches!(url.scheme(), "http" | "https") && !text.contains('*');
    (is_web && url.origin().ascii_serialization() == text).then(|| text.to_owned())
}

/// A file that is set only together with another one of the server's.
fn with(it: &Setting<'_>, other: &str) -> Result<PathBuf, SettingsError> {
    let path = it.text()?;
    if path.is_empty() && !it.layers.setting("server", other).text()?.is_empty() {
        return Err(it.refuse(&format!("a file, as server.{other} is one; or neither")));
    }
    Ok(path.into())
}

fn database_path(it: &Setting<'_>) -> Result<PathBuf, SettingsError> {
    Ok(match (it.text()?, it.layers.environment) {
        ("", Environment::Production) => Path::new(PRODUCTION_ROOT).join(DATABASE_FILE),
        ("", Environment::Development) => DATABASE_FILE.into(),
        (path, _) => path.into(),
    })
}

/// What the largest content takes to be written, for which a bound leaves room.
fn content_writes(it: &Setting<'_>) -> Result<u64, SettingsError> {
    Ok(Secrets::read(it.layers)?.max_content_bytes as u64 * WRITES_OF_CONTENT)
}

fn default_ttl_hours(it: &Setting<'_>) -> Result<f64, SettingsError> {
    let hours = it.within(SHORTEST_HOURS..=HOURS_OF_TEN_YEARS)?;
    let max = it.layers.setting("secrets", "max_ttl_hours");
    let max = max.within(SHORTEST_HOURS..=HOURS_OF_TEN_YEARS)?;
    if hours > max {
        return Err(it.refuse(&format!("at most secrets.max_ttl_hours, which is {max}")));
    }
    Ok(hours)
}

fn passphrase_memory(it: &Setting<'_>) -> Result<u64, SettingsError> {
    let available = it.layers.memory_bytes;
    let bytes = it.zero_or_within(STRETCHING_BYTES..=PEBIBYTE)?;
    if bytes > available {
        let expected = format!("at most {available}, the bytes that this process may have");
        return Err(it.refuse(&expected));
    }
    Ok(if bytes == 0 { (available / PASSPHRASES_PART).max(STRETCHING_BYTES) } else { bytes })
}

fn metrics_address(it: &Setting<'_>) -> Result<Option<SocketAddr>, SettingsError> {
    const EXPECTED: &str = "an address and a port of its own, as in 127.0.0.1:9100, or nothing";
    let bind = it.optional::<SocketAddr>(EXPECTED)?;
    // Port 0 is another one each time.
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
