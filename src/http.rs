//! The HTTP surface: the route table, and what its handlers share.
//!
//! Handlers send messages to the actors; they know neither SQL nor keys. Whatever they answer
//! passes through [`frame()`], which gives it its headers, its request id and its line in the log.

mod access;
mod acknowledge;
mod body;
mod burn;
mod client;
mod cors;
mod create;
mod docs;
mod error;
mod frame;
mod health;
mod idempotency;
mod intent;
mod limits;
mod metrics;
mod pages;
mod problem;
mod receipt;
mod responses;
mod status;
mod token;
mod view;

use std::sync::{Arc, OnceLock};

use actix_web::guard;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, Resource, Route};
use tokio::sync::{Semaphore, watch};
use url::Url;

use crate::clock::Clock;
use crate::config::Settings;
use crate::crypto::Crypto;
use crate::metrics::HttpMetrics;
use crate::rate::Limiter;
use crate::store::Store;
pub use docs::Documents;
use error::ApiError;
pub use frame::frame;
pub use limits::limiter;
pub use metrics::metrics_routes;

/// What stands before a token in the address of a secret.
const SECRETS: &str = "/api/v1/secrets/";
/// What stands before a receipt in its address.
const RECEIPTS: &str = "/api/v1/receipts/";
/// The most bytes of a body that holds no content.
const SMALL_BODY_BYTES: usize = 16_384;

/// What the handlers of one HTTP worker share.
pub struct State {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The way to the store.
    pub store: Store,
    /// The way to this worker's crypto actor.
    pub crypto: Crypto,
    /// The time.
    pub clock: Clock,
    /// A seat for each request that may wait for the end of a secret; all workers have the same.
    pub seats: Arc<Semaphore>,
    /// Room for the bodies that are read; all workers have the same.
    pub bodies: Arc<Semaphore>,
    /// Turns true when the service stops.
    pub stopping: watch::Receiver<bool>,
    /// The documents of this service, which are made when somebody first asks for one.
    pub documents: OnceLock<Documents>,
    /// What keeps clients to their limits, if there are any; all workers have the same.
    pub limiter: Option<Arc<Limiter>>,
    /// Where requests are counted; all workers have the same.
    pub metrics: HttpMetrics,
}

impl State {
    /// The state of the worker that has `request`.
    fn of(request: &HttpRequest) -> Option<&Self> {
        request.app_data::<web::Data<Self>>().map(web::Data::get_ref)
    }

    fn public_url(&self) -> Option<&Url> {
        self.settings.server.public_url.as_ref()
    }

    /// The link that a person opens: the token is in its fragment, which no server ever sees.
    fn link(&self, token: &str) -> String {
        let base = self.public_url().map_or("", Url::as_str).trim_end_matches('/');
        [base, "/s#", token].concat()
    }
}

/// The whole surface: what is for senders, for viewers and for everyone. Every path is matched exactly
/// as it stands here.
pub fn routes(state: State, config: &mut ServiceConfig) {
    let serve = state.settings.server.serve;
    let view_by_get = state.settings.secrets.view_by_get;
    config.app_data(web::Data::new(state));
    if serve.creates() {
        for_senders(config);
    }
    if serve.views() {
        for_viewers(view_by_get, config);
    }
    for_everyone(config);
}

fn for_senders(config: &mut ServiceConfig) {
    config.service(only("POST", "/api/v1/secrets").route(web::post().to(create::create))).service(
        only("GET, DELETE", &format!("{RECEIPTS}{{receipt}}"))
            .route(web::get().to(receipt::inspect))
            .route(web::delete().to(receipt::revoke)),
    );
}

fn for_viewers(view_by_get: bool, config: &mut ServiceConfig) {
    config
        .service(secret(view_by_get))
        .service(only("POST", "/api/v1/reveal").route(web::post().to(view::reveal)))
        .service(
            only("POST", "/api/v1/acknowledge").route(web::post().to(acknowledge::acknowledge)),
        )
        .service(page("/s").route(read().to(pages::secret)));
}

fn for_everyone(config: &mut ServiceConfig) {
    config
        .service(only("POST", "/api/v1/status").route(web::post().to(status::status)))
        .service(page("/health").route(read().to(health::health)))
        .service(page("/").route(read().to(pages::start)))
        .service(page("/assets/{name}").route(read().to(pages::asset)))
        .service(page("/problems/{name}").route(read().to(docs::problem)))
        .service(page("/openapi.json").route(read().to(docs::openapi)))
        .service(page("/docs").route(read().to(docs::swagger_ui)))
        .service(page("/docs/{name}").route(read().to(docs::swagger_ui_file)))
        .service(page("/redoc").route(read().to(docs::reference)))
        .default_service(web::to(|| async { Err::<String, _>(ApiError::NoSuchPath) }));
}

fn secret(view_by_get: bool) -> Resource {
    let path = format!("{SECRETS}{{token}}");
    let burn = web::delete().to(burn::burn);
    if view_by_get {
        only("GET, DELETE", &path).route(web::get().to(view::by_get)).route(burn)
    } else {
        let refuse = || async { Err::<String, _>(ApiError::ViewByGetOff) };
        only("DELETE", &path).route(web::get().to(refuse)).route(burn)
    }
}

fn page(path: &str) -> Resource {
    only("GET, HEAD", path)
}

fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A resource that answers every other method than those it `allow`s with 405.
fn only(allow: &'static str, path: &str) -> Resource {
    let refuse = move || async move { Err::<String, _>(ApiError::MethodNotAllowed { allow }) };
    web::resource(path).default_service(web::to(refuse))
}
