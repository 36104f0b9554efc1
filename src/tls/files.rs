//! The files that a certificate and its key are in. What they hold is in no error.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustls::InconsistentKeys;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::{TlsError, provider};

/// The files that a certificate and its key are in.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What changes with a file: when it or its rights were changed, which one it is, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(i64, i64, u64, u64);

/// What was seen of the files; nothing of one that is not there.
pub(super) type Marks = [Option<Mark>; 2];

impl Files {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// [`TlsError`], but for the last.
    pub(super) fn read(&self) -> Result<CertifiedKey, TlsError> {
        let Self { certificate, key } = self;
        let no_certificate = || TlsError::NoCertificate(certificate.clone());
        let text = contents("server.tls_cert", certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(no_certificate)?;
        let text = contents("server.tls_key", key)?;
        let no_key = || TlsError::NoKey(key.clone());
        let secret = PrivateKeyDer::from_pem_slice(&text).map_err(|_malformed| no_key())?;
        CertifiedKey::from_der(chain, secret, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Unfitting { key: key.clone(), certificate: certificate.clone() }
            }
            rustls::Error::InvalidCertificate(_) => no_certificate(),
            _ => no_key(),
        })
    }

    pub(super) fn marks(&self) -> Marks {
        [&self.certificate, &self.key].map(|path| {
            let file = fs::metadata(path).ok()?;
            Some(Mark(file.ctime(), file.ctime_nsec(), file.ino(), file.len()))
        })
    }
}

fn contents(key: &'static str, path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let read = fs::read(path).map(Zeroizing::new);
    read.map_err(|source| TlsError::Unreadable { key, path: path.to_owned(), source })
}
