//! The sections of the settings, each read out of the layers.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use url::Url;

use super::edge;
use super::layers::Layers;
use super::{
    Access, Environment, Janitor, Log, LogFormat, MAX_WORKERS, Metrics, Passphrases, Receipts,
    Secrets, Serve, Server, SettingsError, Store, Surroundings,
};
use crate::access::TokenHash;
use crate::lifetime::SHORTEST_HOURS;
use crate::passphrase::STRETCHING_BYTES;

const DATABASE_FILE: &str = "storage/db/viewonce.sqlite3";
const PRODUCTION_ROOT: &str = "/app";
const MEBIBYTE: usize = 1 << 20;
const PEBIBYTE: u64 = 1 << 50;
/// What a store takes besides its secrets: its log alone has a few MiB at times.
const STORE_BYTES: u64 = 8 << 20;
/// How often a content is written at the most until it is viewed: when it comes and when it goes, to the
/// log and to the database.
const WRITES_OF_CONTENT: u64 = 4;
pub(super) const SECONDS_PER_HOUR: u64 = 3_600;
const SECONDS_PER_DAY: u64 = 86_400;
const HOURS_OF_TEN_YEARS: f64 = 87_600.0;

pub(super) fn server(layers: &Layers) -> Result<Server, SettingsError> {
    Ok(Server {
        bind: layers.parsed("server.bind", "an address and a port, as in 127.0.0.1:8000")?,
        public_url: public_url(layers)?,
        workers: layers.within("server.workers", 0..=MAX_WORKERS)?,
        mailbox: layers.within("server.mailbox", 1..=1_000_000)?,
        serve: serve(layers)?,
        trusted_proxies: edge::trusted_proxies(layers)?,
        cors_origins: edge::cors_origins(layers)?,
        tls_cert: edge::tls_cert(layers)?,
        tls_key: edge::tls_key(layers)?,
        lock_memory: layers.parsed("server.lock_memory", "true or false")?,
    })
}

fn serve(layers: &Layers) -> Result<Serve, SettingsError> {
    match layers.text("server.serve")? {
        "all" => Ok(Serve::All),
        "create" => Ok(Serve::Create),
        "view" => Ok(Serve::View),
        _ => Err(layers.refuse("server.serve", "all, create or view")),
    }
}

fn public_url(layers: &Layers) -> Result<Option<Url>, SettingsError> {
    const KEY: &str = "server.public_url";
    const EXPECTED: &str = "an address as in https://secrets.example.com, or nothing";
    if layers.text(KEY)?.is_empty() {
        return Ok(None);
    }
    let url: Url = layers.parsed(KEY, EXPECTED)?;
    let is_plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if matches!(url.scheme(), "http" | "https") && is_plain {
        Ok(Some(url))
    } else {
        Err(layers.refuse(KEY, EXPECTED))
    }
}

pub(super) fn store(
    layers: &Layers,
    environment: Environment,
    secrets: &Secrets,
) -> Result<Store, SettingsError> {
    let path = layers.text("store.path")?;
    let content = secrets.max_content_bytes as u64 * WRITES_OF_CONTENT;
    Ok(Store {
        path: if path.is_empty() { default_path(environment) } else { path.into() },
        erase_seconds: layers.within("store.erase_seconds", 1..=SECONDS_PER_DAY)?,
        // Where there is a bound, the largest content finds room.
        max_bytes: layers.zero_or_within("store.max_bytes", STORE_BYTES + content..=PEBIBYTE)?,
        min_free_bytes: layers.zero_or_within("store.min_free_bytes", content..=PEBIBYTE)?,
    })
}

fn default_path(environment: Environment) -> PathBuf {
    match environment {
        Environment::Production => Path::new(PRODUCTION_ROOT).join(DATABASE_FILE),
        Environment::Development => DATABASE_FILE.into(),
    }
}

pub(super) fn secrets(layers: &Layers) -> Result<Secrets, SettingsError> {
    let max_ttl_hours =
        layers.within("secrets.max_ttl_hours", SHORTEST_HOURS..=HOURS_OF_TEN_YEARS)?;
    Ok(Secrets {
        default_ttl_hours: default_ttl_hours(layers, max_ttl_hours)?,
        max_ttl_hours,
        max_content_bytes: layers.within("secrets.max_content_bytes", 1..=64 * MEBIBYTE)?,
        view_by_get: layers.parsed("secrets.view_by_get", "true or false")?,
        max_attempts: layers.within("secrets.max_attempts", 1..=1_000_000)?,
        redeliver_seconds: layers.within("secrets.redeliver_seconds", 0..=SECONDS_PER_HOUR)?,
    })
}

fn default_ttl_hours(layers: &Layers, max_ttl_hours: f64) -> Result<f64, SettingsError> {
    const KEY: &str = "secrets.default_ttl_hours";
    let hours = layers.within(KEY, SHORTEST_HOURS..=HOURS_OF_TEN_YEARS)?;
    if hours > max_ttl_hours {
        let expected = format!("at most secrets.max_ttl_hours, which is {max_ttl_hours}");
        return Err(layers.refuse(KEY, &expected));
    }
    Ok(hours)
}

pub(super) fn passphrases(
    layers: &Layers,
    surroundings: &Surroundings,
) -> Result<Passphrases, SettingsError> {
    Ok(Passphrases {
        memory_bytes: passphrase_memory(layers, surroundings.memory_bytes)?,
        queue: layers.within("passphrases.queue", 0..=100_000)?,
    })
}

/// The memory for passphrases: as set, or a part of what the process may have.
fn passphrase_memory(layers: &Layers, available: u64) -> Result<u64, SettingsError> {
    const KEY: &str = "passphrases.memory_bytes";
    const PART: u64 = 8;
    let bytes = layers.zero_or_within(KEY, STRETCHING_BYTES..=PEBIBYTE)?;
    if bytes > available {
        let expected = format!("at most {available}, the bytes that this process may have");
        return Err(layers.refuse(KEY, &expected));
    }
    Ok(if bytes == 0 { (available / PART).max(STRETCHING_BYTES) } else { bytes })
}

pub(super) fn receipts(layers: &Layers) -> Result<Receipts, SettingsError> {
    Ok(Receipts {
        keep_hours: layers.within("receipts.keep_hours", 1.0..=HOURS_OF_TEN_YEARS)?,
        max_waiting: layers.within("receipts.max_waiting", 0..=1_000_000)?,
    })
}

pub(super) fn janitor(layers: &Layers) -> Result<Janitor, SettingsError> {
    let interval_seconds = layers.within("janitor.interval_seconds", 1..=SECONDS_PER_DAY)?;
    Ok(Janitor { interval_seconds })
}

pub(super) fn log(layers: &Layers) -> Result<Log, SettingsError> {
    let format = match layers.text("log.format")? {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        _ => return Err(layers.refuse("log.format", "text or json")),
    };
    Ok(Log { format })
}

pub(super) fn access(layers: &Layers) -> Result<Access, SettingsError> {
    const KEY: &str = "access.create_tokens";
    const EXPECTED: &str = "a list of hashes as `viewonce token` prints them, or nothing";
    let create_tokens = layers.list(KEY, EXPECTED, |text| TokenHash::parse(text).ok())?;
    Ok(Access { create_tokens })
}

pub(super) fn metrics(layers: &Layers) -> Result<Metrics, SettingsError> {
    const KEY: &str = "metrics.bind";
    const EXPECTED: &str = "an address and a port of its own, as in 127.0.0.1:9100, or nothing";
    if layers.text(KEY)?.is_empty() {
        return Ok(Metrics { bind: None });
    }
    let bind: SocketAddr = layers.parsed(KEY, EXPECTED)?;
    // Port 0 is another one each time.
    if bind.port() != 0 && bind == server(layers)?.bind {
        return Err(layers.refuse(KEY, EXPECTED));
    }
    Ok(Metrics { bind: Some(bind) })
}
