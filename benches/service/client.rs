//! An HTTP/1.1 client for the service's endpoints.

use std::error::Error;
use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Outcome;

/// The beginning of the response to a creation.
const BEFORE_TOKEN: &[u8] = b"{\"token\":\"";
const TOKEN_CHARACTERS: usize = 43;

/// An open connection.
pub(crate) type Connection = SendRequest<Full<Bytes>>;
pub(crate) type Call = Request<Full<Bytes>>;

/// Opens a connection.
pub(crate) async fn connect(address: SocketAddr) -> Outcome<Connection> {
    let refused = |error| format!("cannot connect to {address}: {error}");
    let stream = TcpStream::connect(address).await.map_err(refused)?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    actix_web::rt::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// Sends a request and reads the whole response.
pub(crate) async fn send(
    connection: &mut Connection,
    request: Call,
) -> Outcome<(StatusCode, Bytes)> {
    connection.ready().await?;
    let response = connection.send_request(request).await?;
    let status = response.status();
    Ok((status, response.into_body().collect().await?.to_bytes()))
}

/// Sends a request that must succeed: a creation with 201, any other with 200. Returns the body.
pub(crate) async fn expect(connection: &mut Connection, request: Call) -> Outcome<Bytes> {
    let is_creation = request.method() == Method::POST;
    let expected = if is_creation { StatusCode::CREATED } else { StatusCode::OK };
    match send(connection, request).await? {
        (status, response) if status == expected => Ok(response),
        (status, response) => Err(unexpected(status, &response)),
    }
}

/// The error for a response that ends the benchmark.
pub(crate) fn unexpected(status: StatusCode, response: &[u8]) -> Box<dyn Error> {
    format!("{status}: {}", String::from_utf8_lossy(response)).into()
}

/// The body of a creation with a content of `bytes` bytes.
pub(crate) fn body(bytes: usize) -> Bytes {
    Bytes::from(format!("{{\"content\":\"{}\"}}", "x".repeat(bytes)))
}

pub(crate) fn creation(body: &Bytes) -> Call {
    request(Method::POST, "/api/v1/secrets", body.clone())
}

pub(crate) fn view(token: &str) -> Call {
    request(Method::GET, &format!("/api/v1/secrets/{token}"), Bytes::new())
}

pub(crate) fn health() -> Call {
    request(Method::GET, "/health", Bytes::new())
}

pub(crate) fn metrics() -> Call {
    request(Method::GET, "/metrics", Bytes::new())
}

/// The token in the response to a creation; `None` for the response to a view.
pub(crate) fn token(response: &[u8]) -> Option<String> {
    let token = response.strip_prefix(BEFORE_TOKEN)?.get(..TOKEN_CHARACTERS)?;
    String::from_utf8(token.to_vec()).ok()
}

#[expect(clippy::expect_used, reason = "paths are written here, and tokens are base64url")]
fn request(method: Method, path: &str, body: Bytes) -> Call {
    Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "localhost")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body))
        .expect("a path and two headers")
}
