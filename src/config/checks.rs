//! Settings whose check takes more than a type or a range: each function reads one setting of
//! [`sections`](super::sections), and refuses a wrong value with a text that says what is expected.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use url::Url;

use super::layers::Setting;
use super::{Environment, SettingsError};
use crate::domain::passphrase::STRETCHING_BYTES;
use crate::domain::time_to_live::SHORTEST_HOURS;

const DATABASE_FILE: &str = "storage/db/viewonce.sqlite3";
const PRODUCTION_ROOT: &str = "/app";
/// An upper bound for settings in bytes.
pub(super) const PEBIBYTE: u64 = 1 << 50;
/// An upper bound for settings in hours.
pub(super) const HOURS_OF_TEN_YEARS: f64 = 87_600.0;
/// The default for passphrases is the available memory divided by this.
const PASSPHRASES_DIVISOR: u64 = 8;

pub(super) fn public_url(setting: &Setting<'_>) -> Result<Option<Url>, SettingsError> {
    const EXPECTED: &str = "an address, as in https://secrets.example.com, or empty";
    let Some(url) = setting.optional::<Url>(EXPECTED)? else { return Ok(None) };
    let is_plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let is_good = matches!(url.scheme(), "http" | "https") && is_plain;
    if is_good { Ok(Some(url)) } else { Err(setting.refuse(EXPECTED)) }
}

/// A network or a single address. An IPv4-mapped IPv6 address becomes IPv4; such a network is refused.
pub(super) fn network(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical().into());
    }
    let network: IpNet = text.parse().ok()?;
    (network.addr() == network.addr().to_canonical()).then(|| network.trunc())
}

/// An origin exactly as browsers write it: any other text would never equal an `Origin` header.
pub(super) fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    // A star would be part of a literal name, not a wildcard.
    let is_web = matches!(url.scheme(), "http" | "https") && !text.contains('*');
    (is_web && url.origin().ascii_serialization() == text).then(|| text.to_owned())
}

/// A file of the section `server` that must be set if the file `other` is set.
pub(super) fn both_or_neither(
    setting: &Setting<'_>,
    other: &str,
) -> Result<PathBuf, SettingsError> {
    let path = setting.text()?;
    if path.is_empty() && !setting.layers.setting("server", other).text()?.is_empty() {
        let expected = format!("a file, because server.{other} is set; set both or neither");
        return Err(setting.refuse(&expected));
    }
    Ok(path.into())
}

pub(super) fn database_path(setting: &Setting<'_>) -> Result<PathBuf, SettingsError> {
    Ok(match (setting.text()?, setting.layers.environment) {
        ("", Environment::Production) => Path::new(PRODUCTION_ROOT).join(DATABASE_FILE),
        ("", Environment::Development) => DATABASE_FILE.into(),
        (path, _) => path.into(),
    })
}

pub(super) fn default_ttl_hours(setting: &Setting<'_>) -> Result<f64, SettingsError> {
    let hours = setting.within(SHORTEST_HOURS..=HOURS_OF_TEN_YEARS)?;
    let max = setting.layers.setting("secrets", "max_ttl_hours");
    let max = max.within(SHORTEST_HOURS..=HOURS_OF_TEN_YEARS)?;
    if hours > max {
        return Err(setting.refuse(&format!("at most secrets.max_ttl_hours, which is {max}")));
    }
    Ok(hours)
}

pub(super) fn passphrase_memory(setting: &Setting<'_>) -> Result<u64, SettingsError> {
    let available = setting.layers.memory_bytes;
    let bytes = setting.zero_or_within(STRETCHING_BYTES..=PEBIBYTE)?;
    if bytes > available {
        let expected =
            format!("at most {available}, the bytes of memory that this process may use");
        return Err(setting.refuse(&expected));
    }
    Ok(if bytes == 0 { (available / PASSPHRASES_DIVISOR).max(STRETCHING_BYTES) } else { bytes })
}
