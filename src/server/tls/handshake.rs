//! The connections of TLS: a handshake has its time, and what is encrypted and not sent yet counts as
//! not sent.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::server::connection::Stream;

/// Agrees with a client on how to encrypt `stream`, within `time` and unless `stopping` comes first.
///
/// # Errors
///
/// [`io::ErrorKind::TimedOut`], [`io::ErrorKind::ConnectionAborted`] for a stop, or what made the
/// handshake fail.
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
