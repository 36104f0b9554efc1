//! A server to flood, plain or with TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::{fs, io};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;

use crate::certificate::{Certificate, files};
use crate::process::Service;

const NAME: &str = "viewonce.test";

/// A client's transport.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

/// A server and its protocol.
pub(crate) struct Server {
    service: Service,
    address: SocketAddr,
    tls: Option<TlsConnector>,
}

impl Server {
    /// A server with these settings: the suffix of each variable's name, and its value.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let service = Service::start(tempfile::tempdir().unwrap(), |command| {
            command
                .env("RUST_LOG", "viewonce=warn,viewonce::cli=info")
                .envs(settings.iter().map(|(name, value)| (format!("VIEWONCE_{name}"), value)))
        });
        let address = service.address.split_once("://").unwrap().1.parse().unwrap();
        Self { service, address, tls: None }
    }

    /// A server with TLS.
    pub(crate) fn start_tls(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = Certificate::of(NAME);
        certificate.write(folder.path());
        let [cert, key] = files(folder.path()).map(|path| path.to_str().unwrap().to_owned());
        let tls = [("SERVER__TLS_CERT", cert.as_str()), ("SERVER__TLS_KEY", &key)];
        let mut server = Self::start(&[settings, &tls].concat());
        fs::remove_dir_all(folder).unwrap();
        server.tls = Some(Arc::new(certificate.trusted(rustls::ALL_VERSIONS)).into());
        server
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.service.id()
    }

    /// Sends it SIGTERM.
    pub(crate) fn stop(&self) {
        self.service.signal("TERM");
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) const fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Connects to it, with TLS if it uses TLS.
    pub(crate) async fn connect(&self, socket: TcpSocket) -> io::Result<Box<dyn Wire>> {
        let stream = socket.connect(self.address).await?;
        Ok(match &self.tls {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.connect(NAME.try_into().unwrap(), stream).await?),
        })
    }
}
