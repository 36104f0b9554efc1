//! Certificates for tests, generated on demand.
#![allow(dead_code, reason = "no test binary uses all of it")]

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use viewonce::server::tls::provider;

/// A self-signed certificate and its key, in PEM.
pub(crate) struct Certificate {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) pem: String,
    pub(crate) key: String,
}

impl Certificate {
    /// A new certificate for `name`.
    pub(crate) fn of(name: &str) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([name.to_owned()]).unwrap();
        Self { der: cert.der().clone(), pem: cert.pem(), key: signing_key.serialize_pem() }
    }

    /// The configuration of a client that speaks these TLS versions and trusts only this certificate.
    pub(crate) fn trusted(&self, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(provider());
        let config = config.with_protocol_versions(versions).unwrap();
        config.with_root_certificates(roots).with_no_client_auth()
    }

    /// Writes the certificate and its key to `folder`.
    pub(crate) fn write(&self, folder: &Path) {
        let [certificate, key] = files(folder);
        fs::write(certificate, &self.pem).unwrap();
        fs::write(key, &self.key).unwrap();
    }
}

/// The paths of a certificate and its key in `folder`.
pub(crate) fn files(folder: &Path) -> [PathBuf; 2] {
    ["cert.pem", "key.pem"].map(|name| folder.join(name))
}
