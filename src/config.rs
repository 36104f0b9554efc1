//! The settings: `config/default.toml`, a file over it, environment variables over both.
//!
//! Whatever is wrong is refused with one line that names where it stands, its key and what was
//! expected. The secret keys come by another way: [`secret_keys`].

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

impl Settings {
    /// Reads the settings that `env` and, where given, `file` make.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first thing that is wrong.
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

    /// The time between two purges: the janitor's interval, or less where that would be too late to
    /// keep `store.erase_seconds`. A tenth of those stays for the purge itself.
    pub fn purge_interval(&self) -> Duration {
        let erase = Duration::from_secs(self.store.erase_seconds) * 9 / 10;
        erase.min(Duration::from_secs(self.janitor.interval_seconds))
    }

    /// HTTP threads: as set, or one for each core; never more than connections.
    pub fn workers(&self) -> usize {
        let workers = match self.server.workers {
            0 => thread::available_parallelism().map_or(1, NonZero::get).min(MAX_WORKERS),
            workers => workers,
        };
        workers.min(self.limits.connections)
    }
}
