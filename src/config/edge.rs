//! The settings of what faces the outside: proxies, limits.

use std::net::IpAddr;

use ipnet::IpNet;

use super::layers::Layers;
use super::{Limits, SettingsError};

/// The slowest rate that is a limit: one in a quarter of an hour.
const SLOWEST: f64 = 0.001;
const FASTEST: f64 = 1_000_000.0;

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

pub(super) fn limits(layers: &Layers) -> Result<Limits, SettingsError> {
    const KEY: &str = "limits.requests_per_second";
    let expected = format!("0, or a number from {SLOWEST} to {FASTEST}");
    let requests_per_second = layers.parsed(KEY, &expected)?;
    if requests_per_second != 0.0 && !(SLOWEST..=FASTEST).contains(&requests_per_second) {
        return Err(layers.refuse(KEY, &expected));
    }
    Ok(Limits { requests_per_second, burst: layers.within("limits.burst", 1..=1_000_000)? })
}
