//! What a connection is made of, and what of it only the system knows.

use std::io;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A stream of bytes of which can be told what the other side has still to take, and whether it has gone.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// Whether bytes wait in the system for the other side to make room.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn has_unsent(&self) -> io::Result<bool>;

    /// Whether the other side has closed it, whatever is still to be read.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn has_gone(&self) -> io::Result<bool>;
}

impl Stream for TcpStream {
    /// With this mark a socket counts as ready for more only if there is nothing left to send.
    fn has_unsent(&self) -> io::Result<bool> {
        const NOTHING_LEFT: u32 = 1;
        const AS_CONFIGURED: u32 = 0;
        let socket = SockRef::from(self);
        socket.set_tcp_notsent_lowat(NOTHING_LEFT)?;
        let is_ready = is_ready(self, PollFlags::OUT);
        socket.set_tcp_notsent_lowat(AS_CONFIGURED)?;
        Ok(!is_ready?)
    }

    fn has_gone(&self) -> io::Result<bool> {
        is_ready(self, PollFlags::RDHUP)
    }
}

/// Whether a socket is at this moment in the state that `flags` say, or has failed.
fn is_ready(socket: &TcpStream, flags: PollFlags) -> io::Result<bool> {
    let mut sockets = [PollFd::new(socket, flags)];
    poll(&mut sockets, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    Ok(!sockets[0].revents().is_empty())
}
