//! Built-in TLS: reads the certificate and its key from files, and reloads them when the files change.
//!
//! An unusable pair never replaces a usable one. No log line and no error quotes the content of the
//! files.

mod files;
mod handshake;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;
use std::{fmt, io, mem, thread};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::Server;
use crate::runtime::chain::Chain;
use files::CertificateFiles;
pub use handshake::shake_hands;

/// How often the files are read.
const RELOAD_INTERVAL: Duration = Duration::from_secs(2);

/// Why a certificate and its key cannot be used. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file that a setting names is missing or unreadable.
    #[error("{0}: {path}: cannot be read", path = .1.display())]
    Unreadable(&'static str, PathBuf, #[source] io::Error),
    /// The certificate file contains no certificate.
    #[error("server.tls_cert: {path}: expected a certificate in PEM", path = .0.display())]
    NoCertificate(PathBuf),
    /// The key file contains no usable key.
    #[error("server.tls_key: {path}: expected a private key in PEM, without a password", path = .0.display())]
    NoKey(PathBuf),
    /// The key in the first file does not belong to the certificate in the second.
    #[error("server.tls_key: {key}: expected the key of the first certificate in {certificate}",
        key = .0.display(), certificate = .1.display())]
    Unfitting(PathBuf, PathBuf),
    /// The TLS versions and cipher suites do not fit together.
    #[error("TLS cannot start")]
    Protocol(#[from] rustls::Error),
}

/// The certificate that clients get, and its key.
pub struct Certificates {
    files: CertificateFiles,
    current: RwLock<Arc<CertifiedKey>>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("files", &self.files).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Certificates {
    /// Reads the files that `server` names, or returns `None` without TLS settings.
    ///
    /// # Errors
    ///
    /// [`TlsError`].
    pub fn read(server: &Server) -> Result<Option<Self>, TlsError> {
        if !server.has_tls() {
            return Ok(None);
        }
        let files =
            CertificateFiles { certificate: server.tls_cert.clone(), key: server.tls_key.clone() };
        Self::of(files).map(Some)
    }

    fn of(files: CertificateFiles) -> Result<Self, TlsError> {
        Ok(Self { current: RwLock::new(Arc::new(files.read()?)), files })
    }

    /// Creates an acceptor for TLS 1.2 and 1.3, without client certificates, for HTTP/1.1 alone.
    ///
    /// # Errors
    ///
    /// [`TlsError::Protocol`].
    pub fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let config = ServerConfig::builder_with_provider(provider());
        let config =
            config.with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
        let mut config = config.with_no_client_auth().with_cert_resolver(Arc::<Self>::clone(self));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config).into())
    }

    /// Starts a thread that reloads the files regularly, as long as `self` is in use. Open connections
    /// are not affected. The thread is separate and never joined, because a file system may hang.
    pub fn follow(self: &Arc<Self>) {
        let certificates = Arc::downgrade(self);
        let rounds = move || {
            let mut last_error = None;
            loop {
                thread::sleep(RELOAD_INTERVAL);
                let Some(certificates) = Weak::upgrade(&certificates) else { return };
                if let Some(error) = certificates.try_reload(&mut last_error) {
                    log::error!("TLS certificate not reloaded, keeping the old one: {error}");
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("certificates".to_owned()).spawn(rounds) {
            log::error!("changes of the TLS certificate need a restart: {error}");
        }
    }

    /// [Reloads](Self::reload) the pair. Returns its error unless it equals `last_error`; updates that.
    fn try_reload<'a>(&self, last_error: &'a mut Option<String>) -> Option<&'a String> {
        let error = self.reload().err().map(|error| Chain(&error).to_string());
        let before = mem::replace(last_error, error);
        last_error.as_ref().filter(|now| Some(*now) != before.as_ref())
    }

    /// Reads the files and uses their pair from now on, if its certificates have changed. Equal
    /// certificates mean an equal key.
    fn reload(&self) -> Result<(), TlsError> {
        let pair = self.files.read()?;
        if pair.cert != self.current.read().unwrap_or_else(PoisonError::into_inner).cert {
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
            log::info!("TLS certificate reloaded");
        }
        Ok(())
    }
}

/// The cryptography of TLS, passed explicitly: the process has no default provider.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use rcgen::{CertifiedKey as Pair, generate_simple_self_signed};
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    use tempfile::TempDir;

    use super::*;

    /// Writes a new pair to the files in `folder`. Returns its certificate and key in PEM.
    fn write_pair(folder: &TempDir) -> [String; 2] {
        let Pair { cert, signing_key } = generate_simple_self_signed(["x".to_owned()]).unwrap();
        let pair = [cert.pem(), signing_key.serialize_pem()];
        fs::write(folder.path().join("cert"), &pair[0]).unwrap();
        fs::write(folder.path().join("key"), &pair[1]).unwrap();
        pair
    }

    fn files(folder: &TempDir) -> CertificateFiles {
        CertificateFiles { certificate: folder.path().join("cert"), key: folder.path().join("key") }
    }

    fn shown(certificates: &Certificates) -> CertificateDer<'static> {
        certificates.current.read().unwrap().cert[0].clone()
    }

    fn der(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }

    #[test]
    fn an_unusable_pair_does_not_replace_the_current_one() {
        let folder = tempfile::tempdir().unwrap();
        let first = write_pair(&folder);
        let certificates = Certificates::of(files(&folder)).unwrap();
        let second = write_pair(&folder);
        let [certificate, key] = ["cert", "key"].map(|name| folder.path().join(name));
        let spoilers: [&dyn Fn(); 4] = [
            &|| fs::write(&certificate, "nothing").unwrap(),
            &|| fs::write(&certificate, &first[0]).unwrap(),
            &|| fs::write(&key, "").unwrap(),
            &|| fs::remove_file(&key).unwrap(),
        ];
        for spoil in spoilers {
            spoil();
            assert!(certificates.reload().is_err());
            assert_eq!(shown(&certificates), der(&first[0]));
        }
        fs::write(&certificate, &second[0]).unwrap();
        fs::write(&key, &second[1]).unwrap();
        certificates.reload().unwrap();
        assert_eq!(shown(&certificates), der(&second[0]));
    }

    #[test]
    fn a_pair_stays_in_use_until_its_certificate_changes() {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, _key] = write_pair(&folder);
        let certificates = Certificates::of(files(&folder)).unwrap();
        let pair = || Arc::clone(&certificates.current.read().unwrap());
        let first = pair();
        fs::write(folder.path().join("cert"), &certificate).unwrap();
        certificates.reload().unwrap();
        assert!(Arc::ptr_eq(&pair(), &first));
        fs::write(folder.path().join("cert"), certificate.repeat(2)).unwrap();
        certificates.reload().unwrap();
        assert_eq!(pair().cert.len(), 2);
    }

    #[test]
    fn a_repeated_error_is_reported_once() {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, _key] = write_pair(&folder);
        let certificates = Certificates::of(files(&folder)).unwrap();
        let mut last = None;
        let rounds = [
            ("", true),
            ("", false),
            ("nothing", false),
            (&write_pair(&folder)[0], false),
            (&certificate, true),
            (&certificate, false),
            ("", true),
        ];
        for (round, (text, is_reported)) in rounds.into_iter().enumerate() {
            fs::write(folder.path().join("cert"), text).unwrap();
            assert_eq!(certificates.try_reload(&mut last).is_some(), is_reported, "round {round}");
        }
    }

    #[test]
    fn a_key_is_in_no_error_and_no_debug_output() {
        let folder = tempfile::tempdir().unwrap();
        let [_, key] = write_pair(&folder);
        let certificates = Certificates::of(files(&folder)).unwrap();
        let shown = format!("{certificates:?}");
        assert!(key.lines().all(|line| !shown.contains(line)));
        fs::write(folder.path().join("key"), key.replace('A', "!")).unwrap();
        let error = certificates.reload().unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(key.lines().all(|line| !shown.contains(line)), "{shown}");
    }
}
