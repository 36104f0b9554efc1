//! TLS of its own: the certificate and its key, read from their files and read again when these
//! change.
//!
//! A pair that cannot be used never takes the place of one that can. What the files hold is in no
//! log and in no error.

mod handshake;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use std::{fmt, fs, io};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use crate::config::Server;
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

/// The files that a certificate and its key are in.
#[derive(Clone, Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What changes with a file: when it was written, which one it is, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark(i64, i64, u64, u64);

/// What was seen of the files; nothing of one that is not there.
type Marks = [Option<Mark>; 2];

impl Files {
    fn read(&self) -> Result<CertifiedKey, TlsError> {
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

    fn marks(&self) -> Marks {
        [&self.certificate, &self.key].map(|path| {
            let file = fs::metadata(path).ok()?;
            Some(Mark(file.mtime(), file.mtime_nsec(), file.ino(), file.len()))
        })
    }
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

    /// Looks at the files again and again, and reads them when they have changed. Connections that
    /// are there stay as they are; new ones are shown what was read last.
    pub async fn follow(self: Arc<Self>) {
        let mut seen = self.first;
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            let certificates = Arc::clone(&self);
            // A file system that hangs holds up nothing else.
            let looked = spawn_blocking(move || certificates.look(seen)).await;
            seen = looked.unwrap_or(seen);
        }
    }

    /// Reads the files if they are others than those `seen`. Returns what it saw of them before: if
    /// they change once more meanwhile, the next look finds it.
    fn look(&self, seen: Marks) -> Marks {
        let marks = self.files.marks();
        if marks != seen {
            match self.files.read() {
                Ok(read) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                    log::info!("the TLS certificate was read again");
                }
                Err(error) => log::error!("the TLS certificate stays as it was: {error}"),
            }
        }
        marks
    }
}

/// The cryptography of TLS, which nothing here takes from a default of the process.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn contents(key: &'static str, path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let read = fs::read(path).map(Zeroizing::new);
    read.map_err(|source| TlsError::Unreadable { key, path: path.to_owned(), source })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use rcgen::{CertifiedKey as Pair, generate_simple_self_signed};
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
        let mut seen = certificates.first;
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
            seen = certificates.look(seen);
            assert_eq!(shown(&certificates), der(&first[0]));
        }
        fs::write(&certificate, &second[0]).unwrap();
        fs::write(&key, &second[1]).unwrap();
        assert_ne!(certificates.look(seen), seen);
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
        let seen = certificates.look(certificates.first);
        assert_eq!(shown(&certificates), der(&pair[0]));
        assert_eq!(certificates.look(seen), seen);
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
