//! The connections of TLS: a handshake has its time, and what is encrypted and not sent yet counts as
//! not sent.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::connection::Stream;

/// Agrees with a client on how to encrypt `stream`, within `time`.
///
/// # Errors
///
/// [`io::ErrorKind::TimedOut`], or what made the handshake fail.
pub async fn shake_hands(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    time: Duration,
) -> io::Result<TlsStream<TcpStream>> {
    timeout(time, acceptor.accept(stream)).await?
}

impl Stream for TlsStream<TcpStream> {
    fn has_unsent(&self) -> io::Result<bool> {
        let (stream, session) = self.get_ref();
        Ok(session.wants_write() || stream.has_unsent()?)
    }

    fn has_gone(&self) -> io::Result<bool> {
        self.get_ref().0.has_gone()
    }
}
