//! The settings: `config/default.toml`, a file over it, environment variables over both.
//!
//! A wrong setting is refused with one line that names its file or variable, its key and the expected
//! value. Secret keys are no settings: [`secret_keys`] reads them.

mod checks;
mod env;
mod error;
mod keys;
mod layers;
mod memory;
mod sections;

use std::num::NonZero;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde::Serialize;

pub use env::{Env, Environment};
pub use error::SettingsError;
pub use keys::{KeyError, LoadedKeys, secret_keys};
use layers::Layers;
use sections::MAX_WORKERS;
pub use sections::{
    Access, Janitor, Limits, Log, LogFormat, Metrics, Passphrases, Receipts, Secrets, Serve,
    Server, Store,
};

/// The settings and their defaults, as text.
pub const DEFAULT_TOML: &str = include_str!("../config/default.toml");

/// All settings as in effect: defaults that depend on the environment are filled in.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Where and how the HTTP server listens.
    pub server: Server,
    /// The database file and its limits.
    pub store: Store,
    /// The bounds of a secret: its size, lifetime and attempts.
    pub secrets: Secrets,
    /// The memory and the queue for stretching passphrases.
    pub passphrases: Passphrases,
    /// How long receipts are kept, and how many requests may wait for one.
    pub receipts: Receipts,
    /// Limits on clients and connections.
    pub limits: Limits,
    /// How often expired secrets are purged.
    pub janitor: Janitor,
    /// The format of the logs.
    pub log: Log,
    /// Who may create secrets.
    pub access: Access,
    /// Where the metrics are served.
    pub metrics: Metrics,
}

impl Settings {
    /// Reads the settings from the defaults, then from `file` if given, then from `env`.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first wrong setting.
    pub fn load(file: Option<&Path>, env: &Env) -> Result<Self, SettingsError> {
        let layers = Layers::read(file, env)?;
        Ok(Self {
            server: Server::read(&layers)?,
            store: Store::read(&layers)?,
            secrets: Secrets::read(&layers)?,
            passphrases: Passphrases::read(&layers)?,
            receipts: Receipts::read(&layers)?,
            limits: Limits::read(&layers)?,
            janitor: Janitor::read(&layers)?,
            log: Log::read(&layers)?,
            access: Access::read(&layers)?,
            metrics: Metrics::read(&layers)?,
        })
    }

    /// The time between two purges: the janitor's interval, or less if `store.erase_seconds` requires
    /// it. An ended secret waits for a quarter of `erase_seconds` at most before a purge begins; after half
    /// of it, creations would be refused.
    pub fn purge_interval(&self) -> Duration {
        let erase = Duration::from_secs(self.store.erase_seconds) / 4;
        erase.min(Duration::from_secs(self.janitor.interval_seconds))
    }

    /// The number of HTTP threads: as set, or one for each core, but never more than connections.
    pub fn workers(&self) -> usize {
        let workers = match self.server.workers {
            0 => thread::available_parallelism().map_or(1, NonZero::get).min(MAX_WORKERS),
            workers => workers,
        };
        workers.min(self.limits.connections)
    }
}
