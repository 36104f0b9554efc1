//! The byte stream below a connection, and the state of it that only the kernel knows.

use std::io;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Unsent bytes that the kernel buffers for a socket: few, so that progress of a long answer shows.
pub const UNSENT: u32 = 65_536;
/// Larger numbers of unsent bytes are reported as this one.
const COUNTED: u32 = 4 * UNSENT;

/// A byte stream that knows how much is unsent, and whether the client has closed it.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// How many bytes the kernel has not sent yet, up to a limit.
    ///
    /// # Errors
    ///
    /// The error of the system call.
    fn unsent(&self) -> io::Result<u32>;

    /// Whether the client has closed its side, even if input is still unread.
    ///
    /// # Errors
    ///
    /// The error of the system call.
    fn has_gone(&self) -> io::Result<bool>;
}

impl Stream for TcpStream {
    /// Linux reports a socket as writable only while twice its unsent bytes are below
    /// `TCP_NOTSENT_LOWAT`. A binary search over that mark finds the number of unsent bytes.
    fn unsent(&self) -> io::Result<u32> {
        let socket = SockRef::from(self);
        let (mut least, mut most) = (0, COUNTED);
        while least < most {
            let middle = least.midpoint(most);
            socket.set_tcp_notsent_lowat(2 * middle + 1)?;
            if is_ready(self, PollFlags::OUT)? {
                most = middle;
            } else {
                least = middle + 1;
            }
        }
        socket.set_tcp_notsent_lowat(UNSENT)?;
        Ok(least)
    }

    fn has_gone(&self) -> io::Result<bool> {
        is_ready(self, PollFlags::RDHUP)
    }
}

/// Whether a socket has one of `flags` now, or has failed.
fn is_ready(socket: &TcpStream, flags: PollFlags) -> io::Result<bool> {
    let mut sockets = [PollFd::new(socket, flags)];
    poll(&mut sockets, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    Ok(!sockets[0].revents().is_empty())
}
