//! The files that a certificate and its key are in. What they hold is in no error.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::InconsistentKeys;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{TlsError, provider};

/// The files that a certificate and its key are in.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What they hold.
pub(super) struct Texts {
    certificate: Zeroizing<Vec<u8>>,
    key: Zeroizing<Vec<u8>>,
}

/// What tells one pair of texts from another.
pub(super) type Digests = [[u8; 32]; 2];

impl Texts {
    pub(super) fn digests(&self) -> Digests {
        [&self.certificate, &self.key].map(|text| Sha256::digest(text).into())
    }
}

impl Files {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// [`TlsError::Unreadable`].
    pub(super) fn read(&self) -> Result<Texts, TlsError> {
        let contents = |key, path: &Path| {
            let read = fs::read(path).map(Zeroizing::new);
            read.map_err(|source| TlsError::Unreadable { key, path: path.to_owned(), source })
        };
        Ok(Texts {
            certificate: contents("server.tls_cert", &self.certificate)?,
            key: contents("server.tls_key", &self.key)?,
        })
    }

    /// The pair that their `texts` make.
    ///
    /// # Errors
    ///
    /// [`TlsError::NoCertificate`], [`TlsError::NoKey`] and [`TlsError::Unfitting`].
    pub(super) fn parse(&self, texts: &Texts) -> Result<CertifiedKey, TlsError> {
        let Self { certificate, key } = self;
        let no_certificate = || TlsError::NoCertificate(certificate.clone());
        let no_key = || TlsError::NoKey(key.clone());
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&texts.certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(no_certificate)?;
        let secret = PrivateKeyDer::from_pem_slice(&texts.key).map_err(|_malformed| no_key())?;
        CertifiedKey::from_der(chain, secret, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Unfitting { key: key.clone(), certificate: certificate.clone() }
            }
            rustls::Error::InvalidCertificate(_) => no_certificate(),
            _ => no_key(),
        })
    }
}
