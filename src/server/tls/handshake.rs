//! TLS connections: the handshake has a timeout, and ciphertext buffered here counts as unsent.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::server::connection::Stream;

/// Performs the TLS handshake on `stream` within `time`, unless `stopping` resolves first.
///
/// # Errors
///
/// [`io::ErrorKind::TimedOut`], [`io::ErrorKind::ConnectionAborted`] for a stop, or the error of the
/// handshake.
pub async fn shake_hands(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    time: Duration,
    stopping: impl Future<Output = ()>,
) -> io::Result<TlsStream<TcpStream>> {
    tokio::select! {
        shaken = timeout(time, acceptor.accept(stream)) => shaken?,
        () = stopping => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

impl Stream for TlsStream<TcpStream> {
    fn unsent(&self) -> io::Result<u32> {
        let (stream, session) = self.get_ref();
        Ok(stream.unsent()? + u32::from(session.wants_write()))
    }

    fn has_gone(&self) -> io::Result<bool> {
        self.get_ref().0.has_gone()
    }
}
