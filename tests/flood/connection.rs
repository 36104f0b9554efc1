//! Raw connections, which can behave as no HTTP library would.

use std::io;
use std::time::Duration;

use actix_web::rt::time::timeout;
use futures_util::future::{join_all, try_join};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, split};
use tokio::net::TcpSocket;

use crate::honest_clients::is_late;
use crate::measure::PATIENCE;
use crate::server::{Server, Wire};

/// Receive buffer of a client: small, so that a large response does not fit.
const NARROW: u32 = 4_096;
/// A server that has read nothing for this long has stopped reading.
const AWHILE: Duration = Duration::from_millis(500);
/// Number of connections opened at a time.
const AT_A_TIME: usize = 50;

/// A connection to a server.
pub(crate) struct Connection(Box<dyn Wire>);

impl Connection {
    pub(crate) async fn open(server: &Server) -> Self {
        Self::connect(server, || TcpSocket::new_v4().unwrap()).await
    }

    /// Opens a connection with a small receive buffer.
    pub(crate) async fn open_narrow(server: &Server) -> Self {
        let narrow = || {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(NARROW).unwrap();
            socket
        };
        Self::connect(server, narrow).await
    }

    /// Connects, and retries if a slow machine makes the handshake time out.
    async fn connect(server: &Server, socket: impl Fn() -> TcpSocket) -> Self {
        let connecting = async {
            loop {
                match server.connect(socket()).await {
                    Err(error) if server.has_tls() => drop(error),
                    connected => break connected.unwrap(),
                }
            }
        };
        Self(timeout(PATIENCE, connecting).await.expect("the server accepts the connection"))
    }

    /// Opens a connection without TLS, even to a TLS server.
    pub(crate) async fn open_bare(server: &Server) -> Self {
        let connecting = TcpSocket::new_v4().unwrap().connect(server.address());
        Self(Box::new(
            timeout(PATIENCE, connecting)
                .await
                .expect("the server accepts the connection")
                .unwrap(),
        ))
    }

    /// Opens `count` connections, each of which has sent `bytes`.
    pub(crate) async fn many(server: &Server, count: usize, bytes: &str) -> Vec<Self> {
        Self::many_of(count, bytes, async || Self::open(server).await).await
    }

    /// Opens `count` connections by `open`, each of which has sent `bytes`.
    pub(crate) async fn many_of(
        count: usize,
        bytes: &str,
        open: impl AsyncFn() -> Self,
    ) -> Vec<Self> {
        let one = async || {
            let mut connection = open().await;
            connection.send(bytes).await.unwrap();
            connection
        };
        let mut connections = Vec::with_capacity(count);
        while connections.len() < count {
            let next = AT_A_TIME.min(count - connections.len());
            connections.extend(join_all((0..next).map(|_| one())).await);
        }
        connections
    }

    pub(crate) async fn send(&mut self, bytes: &str) -> io::Result<()> {
        let sending = async {
            self.0.write_all(bytes.as_bytes()).await?;
            self.0.flush().await
        };
        timeout(PATIENCE, sending).await.expect("the server reads")
    }

    /// Sends `bytes` repeatedly until the server closes the connection.
    pub(crate) async fn send_for_ever(&mut self, bytes: &str) {
        while self.0.write_all(bytes.as_bytes()).await.is_ok() {}
    }

    /// Sends `bytes` repeatedly until the server has read nothing for a while.
    pub(crate) async fn fill(&mut self, bytes: &str) {
        let mut sent = 0;
        while let Ok(more) = timeout(AWHILE, self.0.write(&bytes.as_bytes()[sent..])).await {
            sent = (sent + more.unwrap()) % bytes.len();
        }
    }

    /// Sends `bytes` while reading; returns the input until the server closes the connection.
    pub(crate) async fn converse(self, bytes: &str) -> String {
        let (mut reader, mut writer) = split(self.0);
        let mut read = String::new();
        let sending = async {
            writer.write_all(bytes.as_bytes()).await?;
            writer.flush().await
        };
        let both = try_join(sending, reader.read_to_string(&mut read));
        timeout(PATIENCE, both).await.expect("the server answers").unwrap();
        read
    }

    /// Reads some of the available bytes.
    pub(crate) async fn read_some(&mut self) -> String {
        self.read_at_most(16).await
    }

    /// Reads at most `count` of the available bytes.
    pub(crate) async fn read_at_most(&mut self, count: usize) -> String {
        let mut read = vec![0; count];
        let count = timeout(PATIENCE, self.0.read(&mut read)).await.expect("something comes");
        read.truncate(count.unwrap());
        String::from_utf8(read).unwrap()
    }

    /// Reads until the input ends with `end`; returns the input.
    pub(crate) async fn read_to(&mut self, end: &str) -> String {
        let read = self.read_up_to(end).await;
        assert!(read.ends_with(end), "the server closes the connection after {} bytes", read.len());
        read
    }

    /// Reads until the input ends with `end`, or the server closes the connection; returns the input.
    async fn read_up_to(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        let reading = async {
            while !read.ends_with(end.as_bytes()) {
                match self.0.read_buf(&mut read).await {
                    Ok(1..) => {}
                    _over => break,
                }
            }
        };
        timeout(PATIENCE, reading).await.expect("the server answers");
        String::from_utf8(read).unwrap()
    }

    /// Reads the successful response up to `end`. If the request came too late and timed out, sends it
    /// again on a new connection, which replaces this one.
    pub(crate) async fn read_answer(
        &mut self,
        server: &Server,
        request: &str,
        end: &str,
    ) -> String {
        loop {
            let answer = self.read_up_to(end).await;
            if !is_late(&answer) {
                assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
                return answer;
            }
            *self = Self::open(server).await;
            self.send(request).await.unwrap();
        }
    }

    /// Reads until the server closes the connection; returns the input.
    pub(crate) async fn read_all(&mut self) -> String {
        let mut read = Vec::new();
        // A reset also ends the connection.
        drop(
            timeout(PATIENCE, self.0.read_to_end(&mut read))
                .await
                .expect("the server closes the connection"),
        );
        String::from_utf8(read).unwrap()
    }
}

/// The bytes that each connection receives until the server closes it.
pub(crate) async fn read_all_until_closed(connections: &mut [Connection]) -> Vec<String> {
    join_all(connections.iter_mut().map(Connection::read_all)).await
}

/// Asserts that all of these responses have this status.
pub(crate) fn expect_status(words: &[String], status: u16) {
    let expected = format!("HTTP/1.1 {status} ");
    let other = words.iter().find(|words| !words.starts_with(&expected));
    assert!(other.is_none(), "{other:?}");
}
