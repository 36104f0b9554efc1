//! A closed loop: each connection sends its next request when the last is answered. One thread does
//! it all, so that it takes little from the server it shares a machine with.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Outcome;

/// How the answer to a creation begins.
const BEFORE_TOKEN: &[u8] = b"{\"token\":\"";
const TOKEN_CHARACTERS: usize = 43;
/// The longest latency that is told apart, in nanoseconds.
const LONGEST_NS: u64 = 60_000_000_000;

/// What came of a load.
pub(crate) struct Run {
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
    /// Nanoseconds from a request to its answer.
    pub(crate) latency: Histogram<u64>,
}

impl Run {
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }
}

/// Creates secrets of so many bytes for so long; returns their tokens, too.
pub(crate) async fn create(
    address: SocketAddr,
    connections: u64,
    bytes: usize,
    time: Duration,
) -> Outcome<(Run, Vec<String>)> {
    let body = secret(bytes);
    let end = Instant::now() + time;
    let tokens = RefCell::new(Vec::new());
    let next = || (Instant::now() < end).then(|| post("/api/v1/secrets", body.clone()));
    let done = |answer: &Bytes| tokens.borrow_mut().push(token(answer));
    let run = closed_loop(address, connections, StatusCode::CREATED, &next, &done).await?;
    Ok((run, tokens.into_inner()))
}

/// Creates a secret; returns its token.
pub(crate) async fn create_one(sender: &mut SendRequest<Full<Bytes>>) -> Outcome<String> {
    let request = post("/api/v1/secrets", secret(1));
    Ok(token(&expect(sender, request, StatusCode::CREATED).await?))
}

fn secret(bytes: usize) -> Bytes {
    Bytes::from(format!("{{\"content\":\"{}\"}}", "x".repeat(bytes)))
}

/// The token in the answer to a creation.
fn token(answer: &[u8]) -> String {
    let token = answer.strip_prefix(BEFORE_TOKEN).and_then(|rest| rest.get(..TOKEN_CHARACTERS));
    String::from_utf8_lossy(token.unwrap_or_default()).into_owned()
}

/// Views the secrets of these tokens, each once.
pub(crate) async fn view(
    address: SocketAddr,
    connections: u64,
    tokens: Vec<String>,
) -> Outcome<Run> {
    let tokens = RefCell::new(tokens);
    let next = || tokens.borrow_mut().pop().map(|token| get(&format!("/api/v1/secrets/{token}")));
    closed_loop(address, connections, StatusCode::OK, &next, &|_answer| ()).await
}

/// Sends what comes `next` until there is nothing, over so many connections.
async fn closed_loop(
    address: SocketAddr,
    connections: u64,
    expected: StatusCode,
    next: &impl Fn() -> Option<Request<Full<Bytes>>>,
    done: &impl Fn(&Bytes),
) -> Outcome<Run> {
    let opening = (0..connections).map(|_connection| connect(address));
    let senders = future::try_join_all(opening).await?;
    let latency = RefCell::new(Histogram::new_with_bounds(1_000, LONGEST_NS, 3)?);
    let client = async |mut sender: SendRequest<Full<Bytes>>| -> Outcome<()> {
        while let Some(request) = next() {
            let sent = Instant::now();
            let answer = expect(&mut sender, request, expected).await?;
            let nanoseconds = u64::try_from(sent.elapsed().as_nanos())?;
            latency.borrow_mut().saturating_record(nanoseconds);
            done(&answer);
        }
        Ok(())
    };
    let started = Instant::now();
    future::try_join_all(senders.into_iter().map(client)).await?;
    let elapsed = started.elapsed();
    let latency = latency.into_inner();
    Ok(Run { requests: latency.len(), elapsed, latency })
}

/// Opens a connection.
pub(crate) async fn connect(address: SocketAddr) -> Outcome<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    actix_web::rt::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// Sends a request, and waits for the whole answer.
pub(crate) async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Outcome<(StatusCode, Bytes)> {
    sender.ready().await?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

/// Sends a request whose answer has to have this status; returns its body.
async fn expect(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    expected: StatusCode,
) -> Outcome<Bytes> {
    match ask(sender, request).await? {
        (status, answer) if status == expected => Ok(answer),
        (status, answer) => Err(format!("{status}: {}", String::from_utf8_lossy(&answer)).into()),
    }
}

pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    request(Method::GET, path, Bytes::new())
}

pub(crate) fn post(path: &str, body: Bytes) -> Request<Full<Bytes>> {
    request(Method::POST, path, body)
}

#[expect(clippy::expect_used, reason = "paths are written here, and tokens are base64url")]
fn request(method: Method, path: &str, body: Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "localhost")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body))
        .expect("a path and two headers")
}
