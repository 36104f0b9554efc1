//! Built-in TLS: versions, protocols, `Strict-Transport-Security`, and certificates that change while
//! the service runs.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::rt::time::timeout;
use reqwest::Method;
use rustls::pki_types::CertificateDer;
use rustls::{ProtocolVersion, SupportedProtocolVersion, version};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificate::{Certificate, files};
use crate::support::{TestApp, send, spawn_app_in};

const PATIENCE: Duration = Duration::from_mins(1);
const NAME: &str = "viewonce.test";

fn spawn_tls_app(certificate: &Certificate) -> TestApp {
    let folder: TempDir = tempfile::tempdir().unwrap();
    certificate.write(folder.path());
    let [tls_cert, tls_key] = files(folder.path());
    spawn_app_in(folder, |settings| {
        settings.server.tls_cert = tls_cert;
        settings.server.tls_key = tls_key;
    })
}

/// An encrypted connection.
struct Line(TlsStream<TcpStream>);

/// The protocols that a client offers, and the certificate that it trusts.
#[derive(Clone, Copy)]
struct Offer<'a> {
    trusted: &'a Certificate,
    versions: &'a [&'static SupportedProtocolVersion],
    protocols: &'a [&'a str],
}

impl<'a> Offer<'a> {
    const fn new(trusted: &'a Certificate) -> Self {
        Self { trusted, versions: rustls::ALL_VERSIONS, protocols: &[] }
    }

    async fn connect(self, app: &TestApp) -> io::Result<Line> {
        let mut config = self.trusted.trusted(self.versions);
        config.alpn_protocols =
            self.protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(app.address).await?;
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(NAME.try_into().unwrap(), stream).await.map(Line)
    }
}

impl Line {
    /// Requests a path; returns the head of the response.
    async fn head(&mut self, method: &str, path: &str) -> String {
        self.ask(&format!("{method} {path} HTTP/1.1\r\nHost: {NAME}\r\n\r\n")).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.filter(|_| method != "HEAD").map_or(0, |text| text.parse().unwrap());
        self.0.read_exact(&mut vec![0; length]).await.unwrap();
        head
    }

    async fn ask(&mut self, request: &str) {
        self.0.write_all(request.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    fn certificate(&self) -> &CertificateDer<'_> {
        &self.0.get_ref().1.peer_certificates().unwrap()[0]
    }
}

/// Returns when the service presents `certificate`.
async fn until_presented(app: &TestApp, certificate: &Certificate) {
    let started = Instant::now();
    while Offer::new(certificate).connect(app).await.is_err() {
        assert!(started.elapsed() < PATIENCE, "the certificate was not reloaded");
    }
}

#[actix_web::test]
async fn tls_1_2_and_1_3_are_accepted() {
    let certificate = Certificate::of(NAME);
    let app = spawn_tls_app(&certificate);
    for (version, expected) in
        [(&version::TLS12, ProtocolVersion::TLSv1_2), (&version::TLS13, ProtocolVersion::TLSv1_3)]
    {
        let offer = Offer { versions: &[version], ..Offer::new(&certificate) };
        let mut line = offer.connect(&app).await.unwrap();
        assert_eq!(line.0.get_ref().1.protocol_version(), Some(expected));
        assert_eq!(line.certificate(), &certificate.der);
        assert!(line.head("GET", "/health").await.starts_with("http/1.1 200"));
    }
}

#[actix_web::test]
async fn http_1_1_is_the_only_protocol() {
    let certificate = Certificate::of(NAME);
    let app = spawn_tls_app(&certificate);
    let both = Offer { protocols: &["h2", "http/1.1"], ..Offer::new(&certificate) };
    let line = both.connect(&app).await.unwrap();
    assert_eq!(line.0.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let other = Offer { protocols: &["h2"], ..both };
    assert!(other.connect(&app).await.is_err());
}

#[actix_web::test]
async fn an_unencrypted_request_gets_no_response() {
    let app = spawn_tls_app(&Certificate::of(NAME));
    assert!(app.request(Method::GET, "/health").send().await.is_err());
}

#[actix_web::test]
async fn every_response_has_strict_transport_security() {
    let certificate = Certificate::of(NAME);
    let app = spawn_tls_app(&certificate);
    let mut line = Offer::new(&certificate).connect(&app).await.unwrap();
    let requests = [
        ("GET", "/"),
        ("HEAD", "/s"),
        ("GET", "/health"),
        ("GET", "/nothing"),
        ("GET", "/%41"),
        ("PUT", "/api/v1/secrets"),
        ("GET", "/api/v1/secrets/x"),
    ];
    for (method, path) in requests {
        let head = line.head(method, path).await;
        assert!(head.contains("\r\nstrict-transport-security: max-age=31536000\r\n"), "{head}");
    }
    let plain = crate::support::spawn_app();
    let response = send(plain.request(Method::GET, "/")).await;
    assert!(!response.headers().contains_key("strict-transport-security"));
}

#[actix_web::test]
async fn the_start_page_names_the_address_with_tls() {
    let certificate = Certificate::of(NAME);
    let app = spawn_tls_app(&certificate);
    let mut line = Offer::new(&certificate).connect(&app).await.unwrap();
    line.ask(&format!("GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n")).await;
    let mut page = String::new();
    line.0.read_to_string(&mut page).await.unwrap();
    assert!(page.contains(&format!("https://{NAME}/api/v1/secrets")), "{page}");
}

#[actix_web::test]
async fn a_changed_certificate_is_presented_and_connections_stay_open() {
    let [first, second] = [(); 2].map(|()| Certificate::of(NAME));
    let app = spawn_tls_app(&first);
    let mut before = Offer::new(&first).connect(&app).await.unwrap();
    assert!(before.head("GET", "/health").await.starts_with("http/1.1 200"));
    second.write(app.folder.path());
    until_presented(&app, &second).await;
    assert!(Offer::new(&first).connect(&app).await.is_err());
    assert!(before.head("GET", "/health").await.starts_with("http/1.1 200"));
}

#[actix_web::test]
async fn a_handshake_that_stalls_delays_no_stop() {
    let certificate = Certificate::of(NAME);
    let app = spawn_tls_app(&certificate);
    let _silent = TcpStream::connect(app.address).await.unwrap();
    // The other worker serves later connections, or this one after the handshake.
    for _ in 0..2 {
        Offer::new(&certificate).connect(&app).await.unwrap();
    }
    // Requests in flight would get eight seconds.
    timeout(Duration::from_secs(7), app.stop()).await.expect("the service stops at once");
}
