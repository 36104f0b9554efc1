//! The pages for people: the start page, the page behind a link, and their assets.
//!
//! Addresses in them are relative, so that they work behind a proxy that serves them under a path.

use actix_web::http::header::{ContentType, HOST};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::AppState;
use super::error::ApiError;
use super::problem;
use crate::config::Serve;

const STYLE: &str = include_str!("pages/style.css");
const SECRET_PAGE: &str = include_str!("pages/secret.html");
const NO_REDELIVERY: &str =
    "The service has deleted it. Keep it now if you need it: it cannot be shown again.";
const KEEP: &str =
    r#"<button id="keep" class="quiet" type="button">I have kept it, delete it</button>"#;
const SECRET_SCRIPT: &str = include_str!("pages/secret.js");
const ICON: &str = include_str!("pages/icon.svg");

/// The page at `/`: says what this service is and links to its documents.
pub(super) async fn start(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    let serve = state.settings.server.serve;
    respond(layout(
        "viewonce",
        &html! {
            main {
                h1 { "viewonce" }
                p {
                    "A one-time secret service. Store a secret and get a link. The secret can be viewed \
                     once; then it is deleted."
                }
                @if serve != Serve::View { pre { code {
                    "curl -s " (base(&request, &state)) "/api/v1/secrets \\\n"
                    "  -H 'Content-Type: application/json' \\\n"
                    @if !state.settings.access.create_tokens.is_empty() {
                        "  -H 'Authorization: Bearer TOKEN' \\\n"
                    }
                    "  -d '{\"content\": \"the spare key is under the third pot\"}'"
                } } } @else {
                    p { "This server only shows secrets. They are created on another server." }
                }
                ul {
                    li { a href="docs" { "Try the API" } " in Swagger UI" }
                    li { a href="redoc" { "Read the reference" } ", which works without scripts" }
                    li { a href="openapi.json" { "The OpenAPI specification" } }
                    li { a href="health" { "Health" } }
                }
                p .faint { "Version " (env!("CARGO_PKG_VERSION")) }
            }
        },
    ))
}

/// The base address of the service: `server.public_url`, or else the request's `Host`. Forwarding
/// headers decide only the scheme, because any client can send them.
fn base(request: &HttpRequest, state: &AppState) -> String {
    if let Some(url) = state.public_url() {
        return url.as_str().trim_end_matches('/').to_owned();
    }
    let has_tls = state.settings.server.has_tls() || request.connection_info().scheme() == "https";
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("{}://{host}", if has_tls { "https" } else { "http" })
}

/// The page at `/s`: shows a secret after a click. It is the same whether or not there is a secret; its
/// script shows one section at a time.
pub(super) async fn secret(state: Data<AppState>) -> HttpResponse {
    let (redelivery, keep) = match state.settings.secrets.redeliver_seconds {
        0 => (NO_REDELIVERY.to_owned(), ""),
        1 => (redelivery("1 second"), KEEP),
        seconds => (redelivery(&format!("{seconds} seconds")), KEEP),
    };
    let page = SECRET_PAGE.replace("{redelivery}", &redelivery).replace("{keep}", keep);
    respond(layout("A secret for you · viewonce", &PreEscaped(page)))
}

fn redelivery(time: &str) -> String {
    format!(
        "The service has deleted it, except for a sealed copy. Only this page, in this tab, can load \
         it again, for at most {time} after it was revealed. Keep it now if you need it: after that \
         it cannot be shown again."
    )
}

/// `/assets/{name}`: the files that the pages load.
pub(super) async fn asset(
    name: Path<String>,
    state: Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let (media_type, content) = match name.as_str() {
        "style.css" => ("text/css; charset=utf-8", STYLE),
        "secret.js" if state.settings.server.serve != Serve::Create => {
            ("text/javascript; charset=utf-8", SECRET_SCRIPT)
        }
        "icon.svg" => ("image/svg+xml; charset=utf-8", ICON),
        _ => return Err(problem::NO_SUCH_PATH.into()),
    };
    Ok(HttpResponse::Ok().content_type(media_type).body(content))
}

/// A whole document around `body`.
pub(super) fn layout(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="icon" href="assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="assets/style.css";
            }
            body { (body) }
        }
    }
}

/// A page as a response.
pub(super) fn respond(page: Markup) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(page.into_string())
}
