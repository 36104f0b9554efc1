//! TLS of its own: the certificate and its key, read from their files and read again when these
//! change.
//!
//! A pair that cannot be used never takes the place of one that can. What the files hold is in no
//! log and in no error.

mod files;
mod handshake;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;
use std::{fmt, io, thread};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::Server;
use files::{Files, Marks};
pub use handshake::shake_hands;

/// How often the files are looked at.
const ROUND: Duration = Duration::from_secs(2);

/// A certificate and a key that cannot be used. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there or may not be read.
    #[error("{key}: {path}: cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The setting that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file of the certificate holds none.
    #[error("server.tls_cert: {path}: expected a certificate in PEM", path = .0.display())]
    NoCertificate(PathBuf),
    /// The file of the key holds none that can be used.
    #[error("server.tls_key: {path}: expected a private key in PEM, without a password", path = .0.display())]
    NoKey(PathBuf),
    /// The key is another one's.
    #[error("server.tls_key: {key}: expected the key of the first certificate in {certificate}",
        key = key.display(), certificate = certificate.display())]
    Unfitting {
        /// The file of the key.
        key: PathBuf,
        /// The file of the certificate.
        certificate: PathBuf,
    },
    /// The versions and ciphers do not go together.
    #[error("TLS cannot start: {0}")]
    Protocol(#[from] rustls::Error),
}

/// What was seen of the files, and why they could not be used.
struct Seen {
    marks: Marks,
    trouble: Option<TlsError>,
}

/// The certificate that is shown, and its key.
pub struct Certificates {
    files: Files,
    /// What was seen of the files just before they were first read.
    first: Marks,
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
    /// Reads the files that `server` names, if it names any.
    ///
    /// # Errors
    ///
    /// [`TlsError`].
    pub fn read(server: &Server) -> Result<Option<Self>, TlsError> {
        if !server.has_tls() {
            return Ok(None);
        }
        let files = Files { certificate: server.tls_cert.clone(), key: server.tls_key.clone() };
        let first = files.marks();
        let current = RwLock::new(Arc::new(files.read()?));
        Ok(Some(Self { files, first, current }))
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

    /// Has a thread look at the files again and again, and read them when they have changed, as long as
    /// there is somebody who shows them. Connections that are there stay as they are. It is a thread of
    /// its own, for nobody to wait for it: file systems may hang.
    pub fn follow(self: &Arc<Self>) {
        let (certificates, mut seen) =
            (Arc::downgrade(self), Seen { marks: self.first, trouble: None });
        let rounds = move || loop {
            thread::sleep(ROUND);
            let Some(certificates) = Weak::upgrade(&certificates) else { return };
            certificates.look(&mut seen);
        };
        if let Err(error) = thread::Builder::new().name("certificates".to_owned()).spawn(rounds) {
            log::error!("the TLS certificate is not read again when it changes: {error}");
        }
    }

    /// Reads the files if they are others than those `seen`, or if they could not be read. What it has
    /// seen is what they were before: if they change once more meanwhile, the next look finds it.
    fn look(&self, seen: &mut Seen) {
        let marks = self.files.marks();
        if marks == seen.marks && !matches!(seen.trouble, Some(TlsError::Unreadable { .. })) {
            return;
        }
        match self.files.read() {
            Ok(read) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                log::info!("the TLS certificate was read again");
                seen.trouble = None;
            }
            Err(error) => {
                let told = seen.trouble.replace(error).map(|error| error.to_string());
                if let Some(error) = &seen.trouble
                    && (marks != seen.marks || told != Some(error.to_string()))
                {
                    log::error!("the TLS certificate stays as it was: {error}");
                }
            }
        }
        seen.marks = marks;
    }
}

/// The cryptography of TLS, which nothing here takes from a default of the process.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

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

    fn files(folder: &TempDir) -> Files {
        Files { certificate: folder.path().join("cert"), key: folder.path().join("key") }
    }

    fn certificates(folder: &TempDir) -> Certificates {
        let files = files(folder);
        let (first, current) = (files.marks(), RwLock::new(Arc::new(files.read().unwrap())));
        Certificates { files, first, current }
    }

    /// What was seen of them at first.
    const fn seen(certificates: &Certificates) -> Seen {
        Seen { marks: certificates.first, trouble: None }
    }

    fn shown(certificates: &Certificates) -> CertificateDer<'static> {
        certificates.current.read().unwrap().cert[0].clone()
    }

    fn der(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }

    #[test]
    fn a_pair_that_cannot_be_used_leaves_the_one_that_can() {
        let folder = tempfile::tempdir().unwrap();
        let first = write_pair(&folder);
        let certificates = certificates(&folder);
        let mut seen = seen(&certificates);
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
            certificates.look(&mut seen);
            assert!(seen.trouble.is_some());
            assert_eq!(shown(&certificates), der(&first[0]));
        }
        fs::write(&certificate, &second[0]).unwrap();
        fs::write(&key, &second[1]).unwrap();
        certificates.look(&mut seen);
        assert!(seen.trouble.is_none());
        assert_eq!(shown(&certificates), der(&second[0]));
    }

    #[test]
    fn a_file_that_takes_the_place_of_one_just_as_old_and_long_is_read() {
        let folder = tempfile::tempdir().unwrap();
        write_pair(&folder);
        let certificates = certificates(&folder);
        let other = tempfile::tempdir_in(&folder).unwrap();
        let pair = write_pair(&other);
        for name in ["cert", "key"] {
            let written = fs::metadata(folder.path().join(name)).unwrap().modified().unwrap();
            let file = fs::File::options().write(true).open(other.path().join(name)).unwrap();
            file.set_modified(written).unwrap();
            fs::rename(other.path().join(name), folder.path().join(name)).unwrap();
        }
        certificates.look(&mut seen(&certificates));
        assert_eq!(shown(&certificates), der(&pair[0]));
    }

    #[test]
    fn a_pair_that_could_not_be_read_once_is_read_later() {
        let folder = tempfile::tempdir().unwrap();
        write_pair(&folder);
        let certificates = certificates(&folder);
        let pair = write_pair(&folder);
        let marks = certificates.files.marks();
        // As if reading had failed for once.
        let (key, path, source) = ("server.tls_key", PathBuf::new(), io::ErrorKind::Other.into());
        let mut seen = Seen { marks, trouble: Some(TlsError::Unreadable { key, path, source }) };
        certificates.look(&mut seen);
        assert_eq!(shown(&certificates), der(&pair[0]));
    }

    #[test]
    fn rights_that_change_are_a_change() {
        let folder = tempfile::tempdir().unwrap();
        write_pair(&folder);
        let before = files(&folder).marks();
        let rights = fs::Permissions::from_mode(0o400);
        fs::set_permissions(folder.path().join("key"), rights).unwrap();
        assert_ne!(files(&folder).marks(), before);
    }

    #[test]
    fn nothing_of_a_key_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let [_, key] = write_pair(&folder);
        let shown = format!("{:?}", certificates(&folder));
        assert!(key.lines().all(|line| !shown.contains(line)));
        fs::write(folder.path().join("key"), key.replace('A', "!")).unwrap();
        let error = files(&folder).read().unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(key.lines().all(|line| !shown.contains(line)), "{shown}");
    }
}
