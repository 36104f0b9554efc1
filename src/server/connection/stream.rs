//! What a connection is made of, and what of it only the system knows.

use std::io;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Bytes that the system takes before it has sent them: few, so that it shows when the other side takes
/// some of a long answer.
pub const UNSENT: u32 = 65_536;
/// More bytes than this are not counted.
const COUNTED: u32 = 4 * UNSENT;

/// A stream of bytes of which can be told what the other side has still to take, and whether it has gone.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// How many bytes wait in the system for the other side to make room, as far as they are counted.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn unsent(&self) -> io::Result<u32>;

    /// Whether the other side has closed it, whatever is still to be read.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn has_gone(&self) -> io::Result<bool>;
}

impl Stream for TcpStream {
    /// A socket counts as ready for more only if twice what it has not sent is less than its mark
    /// (`TCP_NOTSENT_LOWAT`): that is searched for.
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

/// Whether a socket is at this moment in the state that `flags` say, or has failed.
fn is_ready(socket: &TcpStream, flags: PollFlags) -> io::Result<bool> {
    let mut sockets = [PollFd::new(socket, flags)];
    poll(&mut sockets, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    Ok(!sockets[0].revents().is_empty())
}
