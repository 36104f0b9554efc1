//! TLS of its own: the certificate and its key, read from their files, and shown as the files hold them
//! from then on.
//!
//! A pair that cannot be used never takes the place of one that can. What the files hold is in no
//! log and in no error.

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
const ROUND: Duration = Duration::from_secs(2);

/// A certificate and a key that cannot be used. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file that a setting names is not there or may not be read.
    #[error("{0}: {path}: cannot be read", path = .1.display())]
    Unreadable(&'static str, PathBuf, #[source] io::Error),
    /// The file of the certificate holds none.
    #[error("server.tls_cert: {path}: expected a certificate in PEM", path = .0.display())]
    NoCertificate(PathBuf),
    /// The file of the key holds none that can be used.
    #[error("server.tls_key: {path}: expected a private key in PEM, without a password", path = .0.display())]
    NoKey(PathBuf),
    /// The key in this file is not that of the certificate in the other.
    #[error("server.tls_key: {key}: expected the key of the first certificate in {certificate}",
        key = .0.display(), certificate = .1.display())]
    Unfitting(PathBuf, PathBuf),
    /// The versions and ciphers do not go together.
    #[error("TLS cannot start")]
    Protocol(#[from] rustls::Error),
}

/// The certificate that is shown, and its key.
pub struct Certificates {
    files: CertificateFiles,
    shown: RwLock<Arc<CertifiedKey>>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("files", &self.files).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Certificates {
    /// Reads the files that `server` names, if it names any.
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
        Ok(Self { shown: RwLock::new(Arc::new(files.read()?)), files })
    }

    /// How a server speaks TLS with them: 1.2 and 1.3, asking nobody for a certificate, and HTTP/1.1
    /// alone.
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

    /// Has a thread read the files again and again, as long as there is somebody who shows them.
    /// Connections that are there stay as they are. It is a thread of its own, for nobody to wait for it:
    /// file systems may hang.
    pub fn follow(self: &Arc<Self>) {
        let certificates = Arc::downgrade(self);
        let rounds = move || {
            let mut trouble = None;
            loop {
                thread::sleep(ROUND);
                let Some(certificates) = Weak::upgrade(&certificates) else { return };
                if let Some(error) = certificates.look(&mut trouble) {
                    log::error!("the TLS certificate stays as it was: {error}");
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("certificates".to_owned()).spawn(rounds) {
            log::error!("the TLS certificate is not read again when it changes: {error}");
        }
    }

    /// [Renews](Self::renew) the pair. Returns why it could not, unless that is the last look's `trouble`.
    fn look<'a>(&self, trouble: &'a mut Option<String>) -> Option<&'a String> {
        let last = mem::replace(trouble, self.renew().err().map(|error| Chain(&error).to_string()));
        trouble.as_ref().filter(|now| Some(*now) != last.as_ref())
    }

    /// Reads the files, and shows their pair from now on if its certificates are others than before: with
    /// the same ones, the key is the same.
    fn renew(&self) -> Result<(), TlsError> {
        let pair = self.files.read()?;
        if pair.cert != self.shown.read().unwrap_or_else(PoisonError::into_inner).cert {
            *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
            log::info!("the TLS certificate was read again");
        }
        Ok(())
    }
}

/// The cryptography of TLS, which nothing here takes from a default of the process.
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

    /// Has the files of `folder` hold a new pair; returns its certificate and key in PEM.
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
        certificates.shown.read().unwrap().cert[0].clone()
    }

    fn der(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }

    #[test]
    fn a_pair_that_cannot_be_used_leaves_the_one_that_can() {
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
            assert!(certificates.renew().is_err());
            assert_eq!(shown(&certificates), der(&first[0]));
        }
        fs::write(&certificate, &second[0]).unwrap();
        fs::write(&key, &second[1]).unwrap();
        certificates.renew().unwrap();
        assert_eq!(shown(&certificates), der(&second[0]));
    }

    #[test]
    fn a_pair_is_shown_as_it_is_until_its_files_hold_another() {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, _key] = write_pair(&folder);
        let certificates = Certificates::of(files(&folder)).unwrap();
        let pair = || Arc::clone(&certificates.shown.read().unwrap());
        let first = pair();
        fs::write(folder.path().join("cert"), &certificate).unwrap();
        certificates.renew().unwrap();
        assert!(Arc::ptr_eq(&pair(), &first));
        fs::write(folder.path().join("cert"), certificate.repeat(2)).unwrap();
        certificates.renew().unwrap();
        assert_eq!(pair().cert.len(), 2);
    }

    #[test]
    fn the_same_trouble_is_told_once_and_another_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, _key] = write_pair(&folder);
        let certificates = Certificates::of(files(&folder)).unwrap();
        let mut trouble = None;
        let rounds = [
            ("", true),
            ("", false),
            ("nothing", false),
            (&write_pair(&folder)[0], false),
            (&certificate, true),
            (&certificate, false),
            ("", true),
        ];
        for (round, (text, is_told)) in rounds.into_iter().enumerate() {
            fs::write(folder.path().join("cert"), text).unwrap();
            assert_eq!(certificates.look(&mut trouble).is_some(), is_told, "round {round}");
        }
    }

    #[test]
    fn nothing_of_a_key_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let [_, key] = write_pair(&folder);
        let certificates = Certificates::of(files(&folder)).unwrap();
        let shown = format!("{certificates:?}");
        assert!(key.lines().all(|line| !shown.contains(line)));
        fs::write(folder.path().join("key"), key.replace('A', "!")).unwrap();
        let error = certificates.renew().unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(key.lines().all(|line| !shown.contains(line)), "{shown}");
    }
}
