//! Honest clients, which open a connection for each request while others flood the server.

use std::cell::{Cell, RefCell};
use std::sync::Once;
use std::time::{Duration, Instant};

use actix_web::rt::time::{sleep, timeout};
use futures_util::future::join;
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::measure::{MEBIBYTE, PATIENCE, memory, peak};
use crate::server::Server;

const ROUNDS: usize = 20;
/// Outlasts any flood.
const LONG: Duration = Duration::from_mins(5);
/// The start of a response to a request that timed out.
const LATE: &str = "HTTP/1.1 408 ";
const MILLISECOND: f64 = 1e-3;

/// A flood, its server's memory before it, and how long honest clients waited.
pub(crate) struct Flood<'a> {
    server: &'a Server,
    name: &'static str,
    before: u64,
    waits: RefCell<Vec<Duration>>,
}

impl<'a> Flood<'a> {
    pub(crate) fn of(server: &'a Server, name: &'static str) -> Self {
        Self { server, name, before: memory(server), waits: RefCell::default() }
    }

    /// Asserts that several honest clients are served.
    pub(crate) async fn expect_served(&self) {
        for round in 0..ROUNDS {
            self.round_trip(&format!("secret {round}")).await;
        }
    }

    /// Asserts that honest clients, at least one of them, are served while `flood` runs.
    pub(crate) async fn during<T>(&self, flood: impl Future<Output = T>) -> T {
        let is_over = Cell::new(false);
        let flood = async {
            let over = timeout(LONG, flood).await.expect("a flood has an end");
            is_over.set(true);
            over
        };
        let honest = async {
            loop {
                self.round_trip("a secret").await;
                if is_over.get() {
                    break;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        join(flood, honest).await.0
    }

    /// Asserts that the server's peak memory grew by at most `bound` bytes; prints the peak.
    pub(crate) fn expect_within(&self, bound: u64) {
        let peak = peak(self.server);
        self.print(peak);
        let (name, more) = (self.name, peak.saturating_sub(self.before));
        assert!(more <= bound, "{name}: {more} bytes more, which is beyond {bound}");
    }

    fn print(&self, peak: u64) {
        static HEAD: Once = Once::new();
        HEAD.call_once(|| {
            eprintln!(
                "| flood | memory before | at most | honest answers | their median | the slowest |"
            );
            eprintln!("| --- | ---: | ---: | ---: | ---: | ---: |");
        });
        let mut waits = self.waits.take();
        waits.sort_unstable();
        let [before, peak] = [self.before, peak].map(mebibytes);
        let [median, slowest] = [waits.len() / 2, waits.len() - 1]
            .map(|index| waits[index].as_secs_f64() / MILLISECOND);
        eprintln!(
            "| {} | {before:.1} MiB | {peak:.1} MiB | {} | {median:.1} ms | {slowest:.0} ms |",
            self.name,
            waits.len(),
        );
    }

    async fn round_trip(&self, content: &str) {
        let token = self.timed(store(self.server, content)).await;
        let answer = self.timed(ask(self.server, &view(&token, "close"))).await;
        assert_eq!(answer["content"], content);
    }

    async fn timed<T>(&self, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = timeout(PATIENCE, work).await.expect("an honest client is answered");
        self.waits.borrow_mut().push(began.elapsed());
        done
    }
}

/// Stores a content; returns the token.
pub(crate) async fn store(server: &Server, content: &str) -> String {
    let created = create(server, &json!({ "content": content })).await;
    created["token"].as_str().unwrap_or_else(|| unreachable!("{created}")).to_owned()
}

/// Stores the secret in `body`; returns the answer.
pub(crate) async fn create(server: &Server, body: &Value) -> Value {
    let body = body.to_string();
    let length = format!("Connection: close\r\nContent-Length: {}", body.len());
    ask(server, &(creation(&length) + &body)).await
}

/// The head of a creation.
pub(crate) fn creation(length: &str) -> String {
    post("/api/v1/secrets", length)
}

/// The head of a request with JSON in its body.
pub(crate) fn post(path: &str, length: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{length}\r\n\r\n")
}

/// The request that views a secret.
pub(crate) fn view(token: &str, connection: &str) -> String {
    format!("GET /api/v1/secrets/{token} HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n")
}

/// Sends one request on a new connection; returns the document of the response.
async fn ask(server: &Server, request: &str) -> Value {
    let mut answer = LATE.to_owned();
    while is_late(&answer) {
        answer = Connection::open(server).await.converse(request).await;
    }
    let (_head, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|_| unreachable!("{answer}"))
}

/// Whether a request timed out before it arrived: on a slow machine, the server's timeouts may be too
/// short. The client then retries.
pub(crate) fn is_late(answer: &str) -> bool {
    answer.starts_with(LATE)
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MEBIBYTE as f64
}
