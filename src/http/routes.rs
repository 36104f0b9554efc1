//! All paths: one table, which the router, the metrics' labels, the rate limits and the specification
//! read. A request's path must match a template exactly.

use actix_web::guard;
use actix_web::http::Method;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Resource, Route};

use super::error::ApiError;
use super::handlers::{acknowledge, burn, create, health, receipt, reveal, status};
use super::problem;
use super::{AppState, openapi, pages};
use crate::config::Serve;

pub(super) const SECRETS: &str = "/api/v1/secrets";
pub(super) const SECRET: &str = "/api/v1/secrets/{token}";
pub(super) const REVEAL: &str = "/api/v1/reveal";
pub(super) const ACKNOWLEDGE: &str = "/api/v1/acknowledge";
pub(super) const STATUS: &str = "/api/v1/status";
pub(super) const RECEIPT: &str = "/api/v1/receipts/{receipt}";
pub(super) const HEALTH: &str = "/health";

/// The users of a path. They decide which instances serve it.
#[derive(Clone, Copy)]
enum Audience {
    Senders,
    Viewers,
    Everyone,
}

/// How a request counts towards the rate limits of its client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// As a request.
    Request,
    /// As a request that presents a token or a receipt.
    Lookup,
    /// Not at all.
    Nothing,
}

/// A path and its properties.
pub(super) struct Path {
    pub(super) template: &'static str,
    allow: &'static str,
    audience: Audience,
    pub(super) counts: Counts,
    mount: fn(Resource) -> Resource,
}

use Audience::{Everyone, Senders, Viewers};
use Counts::{Lookup, Nothing, Request};

#[rustfmt::skip]
static PATHS: [Path; 15] = [
    path(SECRETS, "POST", Senders, Request, |at| at.route(on(Method::POST).to(create::create))),
    path(RECEIPT, "GET, DELETE", Senders, Lookup, |at| at.route(on(Method::GET).to(receipt::inspect)).route(on(Method::DELETE).to(receipt::revoke))),
    path(SECRET, "GET, DELETE", Viewers, Lookup, |at| at.route(on(Method::GET).to(reveal::by_get)).route(on(Method::DELETE).to(burn::burn))),
    path(REVEAL, "POST", Viewers, Lookup, |at| at.route(on(Method::POST).to(reveal::reveal))),
    path(ACKNOWLEDGE, "POST", Viewers, Lookup, |at| at.route(on(Method::POST).to(acknowledge::acknowledge))),
    path(STATUS, "POST", Everyone, Lookup, |at| at.route(on(Method::POST).to(status::status))),
    path(HEALTH, READ, Everyone, Nothing, |at| at.route(read().to(health::health))),
    path("/s", READ, Viewers, Request, |at| at.route(read().to(pages::secret))),
    path("/", READ, Everyone, Request, |at| at.route(read().to(pages::start))),
    path("/assets/{name}", READ, Everyone, Request, |at| at.route(read().to(pages::asset))),
    path("/problems/{name}", READ, Everyone, Request, |at| at.route(read().to(openapi::problem))),
    path("/openapi.json", READ, Everyone, Request, |at| at.route(read().to(openapi::openapi))),
    path("/docs", READ, Everyone, Request, |at| at.route(read().to(openapi::swagger_ui))),
    path("/docs/{name}", READ, Everyone, Request, |at| at.route(read().to(openapi::swagger_ui_file))),
    path("/redoc", READ, Everyone, Request, |at| at.route(read().to(openapi::reference))),
];

/// The methods of [`SECRET`] when viewing by GET is turned off.
pub(super) const ALLOWED_WITHOUT_VIEW: &str = "DELETE";
/// The methods of pages and documents.
pub(super) const READ: &str = "GET, HEAD";

const fn path(
    template: &'static str,
    allow: &'static str,
    audience: Audience,
    counts: Counts,
    mount: fn(Resource) -> Resource,
) -> Path {
    Path { template, allow, audience, counts, mount }
}

impl Path {
    /// The path of a request, if an instance with this `serve` setting serves it. The router decides the
    /// same by regular expressions, but only after the rate limit.
    pub(super) fn find(requested: &str, serve: Serve) -> Option<&'static Self> {
        let is_requested = |path: &&Self| match path.template.split_once('{') {
            None => path.template == requested,
            Some((before, _parameter)) => requested
                .strip_prefix(before)
                .is_some_and(|segment| !segment.is_empty() && !segment.contains('/')),
        };
        PATHS.iter().find(is_requested).filter(|path| path.is_served(serve))
    }

    /// Whether an instance with this `serve` setting serves the path.
    pub(super) const fn is_served(&self, serve: Serve) -> bool {
        match self.audience {
            Senders => !matches!(serve, Serve::View),
            Viewers => !matches!(serve, Serve::Create),
            Everyone => true,
        }
    }
}

/// Adds the paths that this instance serves.
pub fn routes(state: AppState, config: &mut ServiceConfig) {
    let (serve, view_by_get) = (state.settings.server.serve, state.settings.secrets.view_by_get);
    config.app_data(Data::new(state));
    for path in PATHS.iter().filter(|path| path.is_served(serve)) {
        let is_off = path.template == SECRET && !view_by_get;
        let allow = if is_off { ALLOWED_WITHOUT_VIEW } else { path.allow };
        config.service((path.mount)(only(allow, path.template)));
    }
    config.default_service(web::to(no_such_path));
}

pub(super) async fn no_such_path() -> Result<String, ApiError> {
    Err(problem::NO_SUCH_PATH.into())
}

/// A route for one method. The guards of actix-web also note their methods in each request, for an
/// answer to other methods that [`only`] replaces.
fn on(method: Method) -> Route {
    web::route().guard(guard::fn_guard(move |request| request.head().method == method))
}

/// A route for GET and HEAD.
pub(super) fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A resource that answers 405 to methods other than those in `allow`.
pub(super) fn only(allow: &'static str, template: &str) -> Resource {
    let refuse = move || async move { Err::<String, _>(ApiError::MethodNotAllowed { allow }) };
    web::resource(template).default_service(web::to(refuse))
}
