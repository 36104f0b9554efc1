//! `viewonce health`: asks a running server for its health.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ureq::tls::TlsConfig;

use super::{Outcome, print, scheme};
use crate::config::Settings;
use crate::server::tls;

const HEALTH_TIMEOUT: Duration = Duration::from_secs(6);

pub(super) fn health(settings: &Settings) -> Outcome {
    let mut address = settings.server.bind;
    address.set_ip(match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    });
    // The certificate is not verified: it names the public host, not this address. The request and its
    // response hold no secret.
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(tls::provider())
        .disable_verification(true);
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(HEALTH_TIMEOUT))
        .proxy(None)
        .tls_config(tls.build());
    ureq::Agent::new_with_config(config.build())
        .get(format!("{}://{address}/health", scheme(settings)))
        .call()
        .map_err(|error| format!("no healthy server at {address}: {error}"))?;
    print("healthy\n")
}
