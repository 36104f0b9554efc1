//! The HTTP surface: its handlers and what they share. The table of all paths is in [`routes()`]'s file.
//!
//! Handlers send messages to the actors; they know neither SQL nor keys. Whatever they answer
//! passes through [`frame()`], which gives it its headers, its request id and its line in the log.

pub mod connection;
mod error;
mod extract;
mod handlers;
mod middleware;
mod openapi;
mod pages;
mod problem;
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
use middleware::rate_limit::clients::Limiter;
pub use middleware::rate_limit::limiter;
pub use openapi::Documents;
pub use routes::routes;

/// The most bytes of a body that holds no content.
const SMALL_BODY_BYTES: usize = 16_384;

/// What the handlers of one HTTP worker use.
pub struct AppState {
    /// What all workers share.
    pub shared: Arc<SharedState>,
    /// The way to this worker's crypto actor.
    pub crypto: Crypto,
}

impl Deref for AppState {
    type Target = SharedState;

    fn deref(&self) -> &SharedState {
        &self.shared
    }
}

/// What the handlers of all HTTP workers share.
pub struct SharedState {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The way to the store.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// A seat for each request that may wait for the end of a secret.
    pub seats: Semaphore,
    /// Room for the bodies that are read.
    pub bodies: Arc<Semaphore>,
    /// Turns true when the service stops.
    pub stopping: watch::Receiver<bool>,
    /// The documents of this service, which are made when somebody first asks for one.
    pub documents: OnceLock<Documents>,
    /// What keeps clients to their limits, if there are any.
    pub limiter: Option<Limiter>,
    /// Where requests are counted.
    pub metrics: HttpMetrics,
}

impl AppState {
    /// The state of the worker that has `request`.
    fn of(request: &HttpRequest) -> Option<&Self> {
        request.app_data::<web::Data<Self>>().map(web::Data::get_ref)
    }

    fn public_url(&self) -> Option<&Url> {
        self.settings.server.public_url.as_ref()
    }

    /// The link that a person opens: the token is in its fragment, which no server ever sees.
    fn link(&self, token: &str) -> Zeroizing<String> {
        let base = self.public_url().map_or("", Url::as_str).trim_end_matches('/');
        Zeroizing::new([base, "/s#", token].concat())
    }
}

/// A document as an answer. Its bytes are wiped once they are sent.
fn json(mut response: HttpResponseBuilder, document: WipedBytes) -> HttpResponse {
    response.content_type(ContentType::json()).body(Bytes::from_owner(document))
}

#[expect(
    clippy::expect_used,
    reason = "memory takes every byte, and these documents have only text"
)]
fn to_json(document: &impl Serialize) -> WipedBytes {
    let mut bytes = WipedBytes::default();
    serde_json::to_writer(&mut bytes, document).expect("a document");
    bytes
}
