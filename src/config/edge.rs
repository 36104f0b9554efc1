//! The settings of what faces the outside: proxies, origins, certificates, limits.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use url::{Origin, Url};

use super::layers::Layers;
use super::sections::SECONDS_PER_HOUR;
use super::{Limits, Secrets, SettingsError};

const TLS_CERT: &str = "server.tls_cert";
const TLS_KEY: &str = "server.tls_key";
/// The slowest rate that is a limit: one in a thousand seconds.
const SLOWEST: f64 = 0.001;
const FASTEST: f64 = 1_000_000.0;
const TEBIBYTE: usize = 1 << 40;

pub(super) fn trusted_proxies(layers: &Layers) -> Result<Vec<IpNet>, SettingsError> {
    let expected = "a list of addresses and networks, as in 10.0.0.0/8";
    layers.list("server.trusted_proxies", expected, network)
}

/// A network, or one of a single address. IPv4 in the form of IPv6 is IPv4.
fn network(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical().into());
    }
    let network: IpNet = text.parse().ok()?;
    (network.addr() == network.addr().to_canonical()).then(|| network.trunc())
}

pub(super) fn cors_origins(layers: &Layers) -> Result<Vec<String>, SettingsError> {
    let expected = "a list of origins as browsers write them, as in https://app.example.com";
    layers.list("server.cors_origins", expected, origin)
}

/// An origin, if it is written as a browser writes it: nothing else would ever be equal to one.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    // A star would be a name like any other, and not what was meant.
    let is_web = matches!(url.scheme(), "http" | "https") && !text.contains('*');
    let origin: Origin = url.origin();
    (is_web && origin.ascii_serialization() == text).then(|| text.to_owned())
}

pub(super) fn tls_cert(layers: &Layers) -> Result<PathBuf, SettingsError> {
    one_of_two(layers, TLS_CERT, TLS_KEY)
}

pub(super) fn tls_key(layers: &Layers) -> Result<PathBuf, SettingsError> {
    one_of_two(layers, TLS_KEY, TLS_CERT)
}

/// A file that is set only together with another one.
fn one_of_two(layers: &Layers, key: &str, other: &str) -> Result<PathBuf, SettingsError> {
    let path = layers.text(key)?;
    if path.is_empty() && !layers.text(other)?.is_empty() {
        let expected = format!("a file, as {other} is one; or neither");
        return Err(layers.refuse(key, &expected));
    }
    Ok(path.into())
}

pub(super) fn limits(layers: &Layers, secrets: &Secrets) -> Result<Limits, SettingsError> {
    Ok(Limits {
        requests_per_second: layers
            .zero_or_within("limits.requests_per_second", SLOWEST..=FASTEST)?,
        burst: layers.within("limits.burst", 1..=1_000_000)?,
        connections: layers.within("limits.connections", 1..=1_000_000)?,
        head_seconds: layers.within("limits.head_seconds", 1..=SECONDS_PER_HOUR)?,
        body_seconds: layers.within("limits.body_seconds", 1..=SECONDS_PER_HOUR)?,
        body_bytes: layers.within("limits.body_bytes", secrets.max_escaped_bytes()..=TEBIBYTE)?,
        keep_alive_seconds: layers.within("limits.keep_alive_seconds", 1..=SECONDS_PER_HOUR)?,
    })
}
