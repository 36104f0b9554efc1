//! A connection that a test can cut at any byte, and the ways to disconnect.

use actix_web::rt::time::timeout;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::access_log::PATIENCE;
use crate::support::TestApp;

/// Receive buffer of a client: small, so that a large response does not fit.
const NARROW: u32 = 4_096;

/// How a client disconnects.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// Shuts down its sending side and keeps reading.
    Half,
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
}

pub(super) const WAYS: [Way; 3] = [Way::Half, Way::Close, Way::Reset];

/// A connection to a service.
pub(super) struct Connection(TcpStream);

impl Connection {
    pub(super) async fn open(app: &TestApp) -> Self {
        Self(TcpStream::connect(app.address).await.unwrap())
    }

    /// Opens a connection with a small receive buffer.
    pub(super) async fn open_narrow(app: &TestApp) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(NARROW).unwrap();
        Self(socket.connect(app.address).await.unwrap())
    }

    pub(super) async fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// Sends the head of a request, and waits for `100 Continue`.
    pub(super) async fn begin(&mut self, head: &str) {
        self.send(head).await;
        assert_eq!(self.read_to("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    }

    /// Sends a request; its head has been read when this returns.
    pub(super) async fn ask(&mut self, (head, body): (String, String)) {
        self.begin(&head).await;
        self.send(&body).await;
    }

    /// Reads until what was read ends like this; returns it.
    pub(super) async fn read_to(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        let reading = async {
            while !read.ends_with(end.as_bytes()) {
                read.push(self.0.read_u8().await.unwrap());
            }
        };
        timeout(PATIENCE, reading).await.expect("the service answers");
        String::from_utf8(read).unwrap()
    }

    /// Disconnects; returns what a client that still reads receives before the server closes.
    pub(super) async fn leave(mut self, way: Way) -> String {
        let mut rest = Vec::new();
        match way {
            Way::Half => {
                self.0.shutdown().await.unwrap();
                let hung_up = timeout(PATIENCE, self.0.read_to_end(&mut rest)).await;
                drop(hung_up.expect("the server closes the connection of a client that has left"));
            }
            Way::Close => {}
            Way::Reset => self.0.set_zero_linger().unwrap(),
        }
        String::from_utf8(rest).unwrap()
    }

    /// Disconnects, and asserts that there was no response.
    pub(super) async fn leave_unanswered(self, way: Way) {
        assert_eq!(self.leave(way).await, "", "{way:?}");
    }
}
