//! Reads a certificate and its key from files. No error quotes their content.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::InconsistentKeys;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::{TlsError, provider};

/// The paths of a certificate and its key.
#[derive(Debug)]
pub(super) struct CertificateFiles {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl CertificateFiles {
    /// Reads the pair.
    ///
    /// # Errors
    ///
    /// Any [`TlsError`] but [`TlsError::Protocol`].
    pub(super) fn read(&self) -> Result<CertifiedKey, TlsError> {
        let Self { certificate, key } = self;
        let contents = |setting, path: &Path| {
            let read = fs::read(path).map(Zeroizing::new);
            read.map_err(|source| TlsError::Unreadable(setting, path.to_owned(), source))
        };
        let no_certificate = || TlsError::NoCertificate(certificate.clone());
        let no_key = || TlsError::NoKey(key.clone());
        let text = contents("server.tls_cert", certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(no_certificate)?;
        let text = contents("server.tls_key", key)?;
        let secret = PrivateKeyDer::from_pem_slice(&text).map_err(|_malformed| no_key())?;
        CertifiedKey::from_der(chain, secret, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Unfitting(key.clone(), certificate.clone())
            }
            rustls::Error::InvalidCertificate(_) => no_certificate(),
            _ => no_key(),
        })
    }
}
