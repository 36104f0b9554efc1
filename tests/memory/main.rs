//! Wiping: once keys, contents and passphrases are dropped, no copy is left in the process's memory.
//! Each test searches its own process, in which nothing else holds them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/state.rs"]
mod state;
#[path = "../support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::iter::zip;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::App;
use actix_web::body::MessageBody as _;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use viewonce::config::{Env, Settings, secret_keys};
use viewonce::crypto::format::{Issued, Roots};
use viewonce::domain::clock::Timestamp;
use viewonce::domain::passphrase::Passphrase;
use viewonce::domain::secret::Plaintext;
use viewonce::domain::secret_key::{SecretKey, SecretKeys};
use viewonce::http::connection::AnnouncedBody;
use viewonce::http::frame;
use viewonce::http::routes;
use viewonce::server::connection::{Connection, Stream, Timeouts};
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes to search for: too many to occur by chance.
const BYTES: usize = 32;
/// Padding on both sides: an allocator overwrites the start of freed memory.
const PADDING: &str = "an example: sixty-four bytes around the ones that are looked for";
const PAGE: usize = 4_096;
/// Bytes that a client sends at once: as many as a connection buffers.
const SENT: usize = 8_000;
/// The first request.
const FIRST: &str = "GET / HTTP/1.1\r\n\r\n";

/// A random text, stored inverted so that a search does not find this copy.
struct Needle {
    inverted: [u8; BYTES],
    /// A search copies memory that other tests use, so only one runs at a time.
    _alone: Option<MutexGuard<'static, ()>>,
}

impl Needle {
    fn generate() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).unwrap();
        Self { inverted: bytes.map(|byte| !(b'a' + byte % 26)), _alone: Some(alone) }
    }

    /// The first bytes of `text`, for a caller that already holds the lock for searches.
    fn of(text: &str) -> Self {
        let inverted = text.as_bytes().first_chunk::<BYTES>().unwrap().map(|byte| !byte);
        Self { inverted, _alone: None }
    }

    /// The text. It is never moved, and wiped on drop.
    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(BYTES + 2 * PADDING.len()));
        text.push_str(PADDING);
        text.extend(self.inverted.iter().map(|&byte| char::from(!byte)));
        text.push_str(PADDING);
        text
    }

    /// Whether any memory that this process can write contains the text.
    fn is_in_memory(&self) -> bool {
        let memory = File::open("/proc/self/mem").unwrap();
        // So large that the allocator maps new memory instead of overwriting freed memory.
        let mut maps = String::with_capacity(1 << 20);
        File::open("/proc/self/maps").unwrap().read_to_string(&mut maps).unwrap();
        maps.lines().filter_map(writable).flat_map(|region| region.step_by(PAGE)).any(|page| {
            // A match may extend to the next page.
            let mut bytes = Zeroizing::new([0; PAGE + BYTES - 1]);
            // A page that was unmapped meanwhile, such as another thread's, contains nothing.
            let length = memory.read_at(&mut *bytes, page).unwrap_or_default();
            bytes[..length].windows(BYTES).any(|window| self.is(window))
        })
    }

    fn is(&self, bytes: &[u8]) -> bool {
        zip(bytes, self.inverted).all(|(&byte, inverted)| byte == !inverted)
    }
}

/// The address range of a line of `/proc/self/maps`, if this process can write to it.
fn writable(line: &str) -> Option<Range<u64>> {
    let (addresses, rest) = line.split_once(' ').unwrap();
    let (start, end) = addresses.split_once('-').unwrap();
    let [start, end] = [start, end].map(|digits| u64::from_str_radix(digits, 16).unwrap());
    rest.starts_with("rw").then_some(start..end)
}

fn roots() -> Roots {
    let current = SecretKey::from_bytes(b"an example key, for tests alone".to_vec());
    Roots::derive(&SecretKeys { current, previous: Vec::new() })
}

#[test]
fn no_key_stays_in_memory_once_roots_are_derived_from_it() {
    let needle = Needle::generate();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, needle.text().as_bytes()).unwrap();
    let file = file.to_str().unwrap();
    let env = Env::with_variables([("SECRET_KEY_FILE", file)]);
    let settings = Settings::load(None, &env).unwrap();
    let keys = secret_keys(&settings, &env).unwrap().keys;
    assert!(needle.is_in_memory());
    let roots = Roots::derive(&keys);
    drop(keys);
    assert!(!needle.is_in_memory());
    assert_eq!(roots.key_ids().len(), 1);
}

#[test]
fn no_content_stays_in_memory_once_it_is_sealed_or_handed_out() {
    let (needle, roots) = (Needle::generate(), roots());
    let (issued, shred_key) = Issued::generate(Timestamp::from_millis(0), false).unwrap();
    let content = Plaintext::parse(needle.text().to_string()).unwrap();
    assert!(needle.is_in_memory());
    let sealed = roots.seal(&issued, shred_key, &content, None).unwrap().secret;
    drop(content);
    assert!(!needle.is_in_memory());
    let content = roots.open(&issued.token, sealed, None).unwrap();
    assert!(needle.is_in_memory());
    drop(content);
    assert!(!needle.is_in_memory());
}

#[test]
fn no_passphrase_stays_in_memory_once_it_is_stretched() {
    let (needle, roots) = (Needle::generate(), roots());
    let (issued, _shred_key) = Issued::generate(Timestamp::from_millis(0), false).unwrap();
    let passphrase = Passphrase::parse(&needle.text()).unwrap();
    assert!(needle.is_in_memory());
    roots.prove(&issued.token, roots.key_ids()[0], &passphrase).unwrap();
    drop(passphrase);
    assert!(!needle.is_in_memory());
}

/// A body with this member; it is wiped on drop.
fn body(name: &str, value: &str) -> Bytes {
    Bytes::from_owner(Zeroizing::new(["{\"", name, "\":\"", value, "\"}"].concat()))
}

#[actix_web::test]
async fn no_part_of_a_secret_stays_in_memory_once_it_is_stored_and_answered() {
    let folder = tempfile::tempdir().unwrap();
    let state = state::state(&folder, 1_000);
    let app = App::new().wrap(from_fn(frame)).configure(|config| routes(state, config));
    let app = init_service(app).await;
    let needle = Needle::generate();
    let post = async |path: &str, body: Bytes| {
        let request = TestRequest::post().uri(path).set_payload(body);
        let request = request.insert_header(("Content-Type", "application/json"));
        call_service(&app, request.to_request()).await
    };
    let created = post("/api/v1/secrets", body("content", &needle.text())).await;
    assert_eq!(created.status(), 201);
    assert!(!needle.is_in_memory());
    let location = created.headers().get("location").unwrap().to_str().unwrap();
    let token = Zeroizing::new(location.rsplit('/').next().unwrap().to_owned());
    let token_needle = Needle::of(&token);
    let reveal = body("token", &token);
    drop((created, token));
    let revealed = post("/api/v1/reveal", reveal).await;
    assert_eq!(revealed.status(), 200);
    let document = revealed.into_body().try_into_bytes().unwrap();
    assert!(needle.is_in_memory());
    drop(document);
    assert!(!needle.is_in_memory());
    assert!(!token_needle.is_in_memory());
}

/// The bytes that a client has sent and the server has not read.
struct SentBytes(Zeroizing<Vec<u8>>);

impl AsyncRead for SentBytes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Pending;
        }
        let count = buffer.remaining().min(self.0.len());
        buffer.put_slice(&self.0[..count]);
        self.0.copy_within(count.., 0);
        let rest = self.0.len() - count;
        self.0[rest..].zeroize();
        self.0.truncate(rest);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SentBytes {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl Stream for SentBytes {
    fn unsent(&self) -> io::Result<u32> {
        Ok(0)
    }

    fn has_gone(&self) -> io::Result<bool> {
        Ok(false)
    }
}

/// A connection to a client that has sent a request, and another one that starts and ends with `needle`.
fn pipelined(needle: &Needle) -> Connection<SentBytes> {
    let text = needle.text();
    let mut sent = Zeroizing::new(Vec::with_capacity(SENT));
    sent.extend_from_slice(FIRST.as_bytes());
    sent.extend_from_slice(text.as_bytes());
    sent.resize(SENT - text.len(), b'x');
    sent.extend_from_slice(text.as_bytes());
    let time = Duration::from_secs(1);
    let timeouts = Timeouts { keep_alive: time, head: time, send: time, linger: time };
    Connection::new(SentBytes(sent), timeouts)
}

/// Reads the first request, and makes the connection buffer all bytes after it.
async fn buffer_rest(connection: &mut Connection<SentBytes>) {
    let mut head = Zeroizing::new([0; SENT]);
    assert_eq!(connection.read(&mut *head).await.unwrap(), FIRST.len());
    assert!(head[FIRST.len()..].iter().all(|&byte| byte == 0));
    connection.requests().begin(AnnouncedBody::Sized(0));
    // Fills gaps in the heap, so that the buffer cannot simply grow in place.
    let _fillers = [(); 100].map(|()| vec![0_u8; 1_000]);
    let mut context = Context::from_waker(Waker::noop());
    let mut rest = ReadBuf::new(&mut *head);
    assert!(pin!(connection).poll_read(&mut context, &mut rest).is_pending());
}

#[tokio::test]
async fn no_input_that_a_connection_buffered_stays_in_memory() {
    let needle = Needle::generate();
    let mut connection = pipelined(&needle);
    buffer_rest(&mut connection).await;
    assert!(needle.is_in_memory());
    connection.requests().end();
    let mut bytes = Zeroizing::new([0; 500]);
    let mut count = FIRST.len();
    while count < SENT {
        count += connection.read(&mut *bytes).await.unwrap();
        bytes.zeroize();
    }
    assert!(!needle.is_in_memory());
    let mut dropped = pipelined(&needle);
    buffer_rest(&mut dropped).await;
    assert!(needle.is_in_memory());
    drop(dropped);
    assert!(!needle.is_in_memory());
}
