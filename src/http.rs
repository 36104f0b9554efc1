//! The HTTP API: its handlers and their shared state. The table of all paths is in [`routes()`]'s file.
//!
//! Handlers send messages to the actors; they know neither SQL nor keys. Every response passes through
//! [`frame()`], which adds its headers and its request id and writes the access log.

pub mod connection;
mod error;
mod extract;
mod handlers;
mod middleware;
mod openapi;
mod pages;
mod problem;
mod responses;
mod routes;

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use actix_web::http::header::ContentType;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use tokio::sync::{Semaphore, watch};
use url::Url;
use zeroize::Zeroizing;

use crate::config::Settings;
use crate::crypto::Crypto;
use crate::domain::clock::Clock;
use crate::metrics::HttpMetrics;
use crate::runtime::wiped::WipedBytes;
use crate::store::Store;
pub use handlers::metrics::metrics_routes;
pub use middleware::frame::frame;
use middleware::rate_limit::{clients::Limiter, limiter};

pub use openapi::Documents;
pub use routes::routes;

/// The maximum size of a body without a content, in bytes.
const SMALL_BODY_BYTES: usize = 16_384;

/// The usual size of a response document without the content, in bytes.
const DOCUMENT_BYTES: usize = 512;

/// The state of the handlers of one HTTP worker.
pub struct AppState {
    /// The state that all workers share.
    pub shared: Arc<SharedState>,
    /// The handle of this worker's crypto actor.
    pub crypto: Crypto,
}

impl Deref for AppState {
    type Target = SharedState;

    fn deref(&self) -> &SharedState {
        &self.shared
    }
}

/// The state that the handlers of all HTTP workers share.
pub struct SharedState {
    /// The settings.
    pub(crate) settings: Arc<Settings>,
    /// The handle of the store.
    pub(crate) store: Store,
    /// The source of time.
    pub(crate) clock: Clock,
    /// A permit for each request that waits for the end of a secret.
    pub(crate) seats: Semaphore,
    /// The memory quota of request bodies: a permit for each byte.
    pub(crate) bodies: Arc<Semaphore>,
    /// Becomes true when the service stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// The API documents, generated at the first request for one.
    pub(crate) documents: OnceLock<Documents>,
    /// The rate limiter, unless rate limits are turned off.
    pub(crate) limiter: Option<Limiter>,
    /// The counters of requests.
    pub(crate) metrics: HttpMetrics,
}

impl SharedState {
    /// The state of a service that has just started. `stopping` becomes true when it stops.
    pub fn new(
        settings: &Arc<Settings>,
        store: &Store,
        clock: &Clock,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let limits = &settings.limits;
        Self {
            store: store.clone(),
            clock: clock.clone(),
            seats: Semaphore::new(settings.receipts.max_waiting),
            bodies: Arc::new(Semaphore::new(limits.body_bytes)),
            stopping,
            documents: OnceLock::new(),
            limiter: limiter(limits.requests_per_second, limits.burst),
            metrics: HttpMetrics::new(&store.metrics().registry),
            settings: Arc::clone(settings),
        }
    }
}

impl AppState {
    /// The state of the worker that handles `request`.
    fn of(request: &HttpRequest) -> Option<&Self> {
        request.app_data::<web::Data<Self>>().map(web::Data::get_ref)
    }

    fn public_url(&self) -> Option<&Url> {
        self.settings.server.public_url.as_ref()
    }

    /// The link for people. Its fragment holds the token, because browsers never send a fragment.
    fn link(&self, token: &str) -> Zeroizing<String> {
        let base = self.public_url().map_or("", Url::as_str).trim_end_matches('/');
        Zeroizing::new([base, "/s#", token].concat())
    }
}

/// A JSON response whose bytes are wiped after they are sent.
fn json(mut response: HttpResponseBuilder, document: WipedBytes) -> HttpResponse {
    response.content_type(ContentType::json()).body(Bytes::from_owner(document))
}

/// The JSON of a document with a content of so many bytes. Contents without escapes fit at once.
#[expect(
    clippy::expect_used,
    reason = "writing to memory cannot fail, and all keys of these documents are strings"
)]
fn to_json(document: &impl Serialize, content: usize) -> WipedBytes {
    let mut bytes = WipedBytes::with_capacity(content + DOCUMENT_BYTES);
    serde_json::to_writer(&mut bytes, document).expect("a document");
    bytes
}
