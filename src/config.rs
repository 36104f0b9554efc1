//! The settings: `config/default.toml`, a file over it, environment variables over both.
//!
//! Whatever is wrong is refused with one line that names where it stands, its key and what was
//! expected. The secret keys come by another way: [`secret_keys`].

mod edge;
mod error;
mod keys;
mod layers;
mod memory;
mod sections;
mod surroundings;

use std::fmt::Display;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Serialize, Serializer};
use url::Url;

use crate::access::TokenHash;

pub use error::SettingsError;
pub use keys::{KeyError, LoadedKeys, secret_keys};
use layers::Layers;
pub use surroundings::{Environment, Surroundings};

/// The settings and their defaults, as text.
pub const DEFAULT_TOML: &str = include_str!("../config/default.toml");

/// The most HTTP threads.
const MAX_WORKERS: usize = 512;

/// All settings, in effect: what the environment decides is decided.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Where the HTTP server listens and how wide it is.
    pub server: Server,
    /// The database file and what is asked of it.
    pub store: Store,
    /// What may be confided and for how long.
    pub secrets: Secrets,
    /// How much of the machine passphrases may take.
    pub passphrases: Passphrases,
    /// How long receipts are kept, and how many may wait for one.
    pub receipts: Receipts,
    /// What clients may take up, and ask for.
    pub limits: Limits,
    /// When expired secrets are purged.
    pub janitor: Janitor,
    /// How logs are written.
    pub log: Log,
    /// Who may create secrets.
    pub access: Access,
    /// Where it is told what goes on.
    pub metrics: Metrics,
}

/// The section `server`.
#[derive(Clone, Debug, Serialize)]
pub struct Server {
    /// The address to listen on.
    pub bind: SocketAddr,
    /// Where users reach the service.
    #[serde(serialize_with = "text_or_empty")]
    pub public_url: Option<Url>,
    /// HTTP threads; 0 is one for each core.
    pub workers: usize,
    /// Messages that may wait for an actor.
    pub mailbox: usize,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The origins whose pages may call the API.
    pub cors_origins: Vec<String>,
    /// The file with the certificate, or nothing: then there is no TLS.
    pub tls_cert: PathBuf,
    /// The file with its key, or nothing.
    pub tls_key: PathBuf,
    /// Whom it serves.
    pub serve: Serve,
    /// Whether memory is kept out of the swap space.
    pub lock_memory: bool,
}

impl Server {
    /// Whether it speaks TLS.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        !self.tls_cert.as_os_str().is_empty()
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

impl Serve {
    /// Whether it serves senders.
    #[must_use]
    pub const fn creates(self) -> bool {
        matches!(self, Self::All | Self::Create)
    }

    /// Whether it serves viewers.
    #[must_use]
    pub const fn views(self) -> bool {
        matches!(self, Self::All | Self::View)
    }
}

/// The section `store`.
#[derive(Clone, Debug, Serialize)]
pub struct Store {
    /// The database file.
    pub path: PathBuf,
    /// See `config/default.toml`.
    pub erase_seconds: u64,
    /// Bytes up to which creations may fill the store; 0 if there is no limit.
    pub max_bytes: u64,
    /// Bytes that creations leave free on its file system.
    pub min_free_bytes: u64,
}

/// The section `secrets`.
#[derive(Clone, Debug, Serialize)]
pub struct Secrets {
    /// Hours a secret lives when its sender does not say.
    pub default_ttl_hours: f64,
    /// The most hours a sender may ask for.
    pub max_ttl_hours: f64,
    /// The most bytes of a content.
    pub max_content_bytes: usize,
    /// Whether a GET views a secret.
    pub view_by_get: bool,
    /// Wrong passphrases after which a secret is destroyed.
    pub max_attempts: u32,
    /// Seconds for which a secret is kept for a repeat.
    pub redeliver_seconds: u64,
}

impl Secrets {
    /// The most bytes that a content has as JSON, which may write each as six: `\u0041`.
    #[must_use]
    pub const fn max_escaped_bytes(&self) -> usize {
        const ESCAPE_FACTOR: usize = 6;
        self.max_content_bytes * ESCAPE_FACTOR
    }
}

/// The section `passphrases`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Passphrases {
    /// Bytes of memory that stretching passphrases may take.
    pub memory_bytes: u64,
    /// Passphrases that may wait, of creations and of reveals each.
    pub queue: usize,
}

/// The section `receipts`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Receipts {
    /// Hours that a receipt is kept after the end of its secret.
    pub keep_hours: f64,
    /// Requests that may wait for the end of a secret at a time.
    pub max_waiting: usize,
}

/// The section `limits`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// Requests that a client may send a second in the long run; 0 if there is no limit.
    pub requests_per_second: f64,
    /// Requests that it may send at once.
    pub burst: u32,
    /// Connections that are open at a time.
    pub connections: usize,
    /// Seconds that a client may take over the head of a request, and over a handshake of TLS.
    pub head_seconds: u64,
    /// Seconds that a client may take over the body of a request.
    pub body_seconds: u64,
    /// Bytes that the bodies which are read may have together, beyond small ones.
    pub body_bytes: usize,
    /// Seconds that a connection may be silent between two requests.
    pub keep_alive_seconds: u64,
}

/// The section `janitor`.
#[derive(Clone, Debug, Serialize)]
pub struct Janitor {
    /// Seconds between two purges, as set.
    pub interval_seconds: u64,
}

/// The section `log`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Log {
    /// How a line is written.
    pub format: LogFormat,
}

/// The section `access`.
#[derive(Clone, Debug, Serialize)]
pub struct Access {
    /// The hashes of the tokens whose bearers may create; everyone may, if there are none.
    pub create_tokens: Vec<TokenHash>,
}

/// The section `metrics`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Metrics {
    /// The address to listen on for who asks for them; nowhere, if there is none.
    #[serde(serialize_with = "text_or_empty")]
    pub bind: Option<SocketAddr>,
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

impl Settings {
    /// Reads the settings that `surroundings` and, where given, `file` make.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first thing that is wrong.
    pub fn load(file: Option<&Path>, surroundings: &Surroundings) -> Result<Self, SettingsError> {
        let layers = Layers::read(file, surroundings)?;
        let secrets = sections::secrets(&layers)?;
        Ok(Self {
            server: sections::server(&layers)?,
            store: sections::store(&layers, surroundings.environment()?, &secrets)?,
            limits: edge::limits(&layers, &secrets)?,
            secrets,
            passphrases: sections::passphrases(&layers, surroundings)?,
            receipts: sections::receipts(&layers)?,
            janitor: sections::janitor(&layers)?,
            log: sections::log(&layers)?,
            access: sections::access(&layers)?,
            metrics: sections::metrics(&layers)?,
        })
    }

    /// The time between two purges: the janitor's interval, or less where that would be too late to
    /// keep `store.erase_seconds`. A tenth of those stays for the purge itself.
    #[must_use]
    pub fn purge_interval(&self) -> Duration {
        let erase = Duration::from_secs(self.store.erase_seconds) * 9 / 10;
        erase.min(Duration::from_secs(self.janitor.interval_seconds))
    }

    /// HTTP threads: as set, or one for each core; never more than connections.
    #[must_use]
    pub fn workers(&self) -> usize {
        let workers = match self.server.workers {
            0 => thread::available_parallelism().map_or(1, NonZero::get).min(MAX_WORKERS),
            workers => workers,
        };
        workers.min(self.limits.connections)
    }
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
