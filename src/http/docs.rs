//! The API's documentation, all of it from the binary: the specification, Swagger UI, and a
//! reference that is rendered from the specification and needs no script.

mod reference;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType, HeaderValue, LOCATION};
use actix_web::web::{Data, Path};
use maud::{DOCTYPE, html};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::error::ApiError;
use super::problem::{KINDS, PROBLEM_JSON, Problem};
use super::{State, acknowledge, burn, create, health, pages, receipt, status, view};
use crate::config::{Serve, Settings};

/// Swagger UI sets styles from its script and draws with images in its style sheet.
const SWAGGER_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const JSON: &str = "application/json";
/// What the bearing of access tokens is called in the specification.
const SCHEME: &str = "access_token";

/// The specification, gathered from the handlers: what is in it of every service.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "viewonce",
        description = "Keeps a secret until someone presents its token, hands it out once, and \
            deletes it durably before."
    ),
    components(schemas(Problem)),
    tags((name = "secrets", description = "Create, view, check and burn secrets."))
)]
struct Specification;

/// What is for senders.
#[derive(OpenApi)]
#[openapi(
    paths(create::create, receipt::inspect, receipt::revoke),
    tags((
        name = "receipts",
        description = "See what became of a secret, and burn it as its sender."
    ))
)]
struct ForSenders;

/// What is for viewers.
#[derive(OpenApi)]
#[openapi(paths(view::by_get, view::reveal, acknowledge::acknowledge, burn::burn))]
struct ForViewers;

/// What is for everyone.
#[derive(OpenApi)]
#[openapi(
    paths(status::status, health::health),
    tags((name = "operations", description = "For those who run the service."))
)]
struct ForEveryone;

/// The documents of one service: they tell what it serves, and to whom.
pub struct Documents {
    specification: String,
    reference: String,
}

impl Documents {
    fn of(settings: &Settings) -> Self {
        let specification = specification(settings);
        let reference = reference::page(&specification).into_string();
        Self { specification: specification.to_string(), reference }
    }
}

fn documents(state: &State) -> &Documents {
    state.documents.get_or_init(|| Documents::of(&state.settings))
}

/// The specification of what `serve` says.
fn gathered(serve: Serve) -> utoipa::openapi::OpenApi {
    let mut specification = Specification::openapi();
    if serve.creates() {
        specification.merge(ForSenders::openapi());
    }
    if serve.views() {
        specification.merge(ForViewers::openapi());
    }
    specification.merge(ForEveryone::openapi());
    specification
}

/// The specification, in which every problem has its media type.
fn specification(settings: &Settings) -> Value {
    let gathered = gathered(settings.server.serve);
    let mut specification = serde_json::to_value(gathered).unwrap_or_default();
    tell_access(&mut specification, !settings.access.create_tokens.is_empty());
    let paths = members_mut(&mut specification["paths"]);
    let operations = paths.flat_map(members_mut);
    for response in operations.flat_map(|operation| members_mut(&mut operation["responses"])) {
        if reference::body_schema(response) == Some("Problem") {
            let content = response["content"][JSON].take();
            response["content"] = json!({ PROBLEM_JSON: content });
        }
    }
    specification
}

/// Tells who may create: the bearers of tokens, or everyone.
fn tell_access(specification: &mut Value, is_closed: bool) {
    let Some(create) = specification.pointer_mut("/paths/~1api~1v1~1secrets/post") else { return };
    if is_closed {
        create["security"] = json!([{ SCHEME: [] }]);
        specification["components"]["securitySchemes"] = json!({ SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "description": "A token that those who run the service give out.",
        } });
    } else if let Some(responses) = create["responses"].as_object_mut() {
        responses.shift_remove("401");
    }
}

/// `/openapi.json`: the specification.
pub(super) async fn openapi(state: Data<State>) -> HttpResponse {
    let specification = documents(&state).specification.clone();
    HttpResponse::Ok().content_type(ContentType::json()).body(specification)
}

/// `/docs`: Swagger UI.
pub(super) async fn swagger_ui() -> HttpResponse {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "viewonce API" }
                link rel="icon" href="assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="docs/swagger-ui.css";
            }
            body {
                noscript {
                    p { "This page needs JavaScript. " a href="redoc" { "The reference" } " does not." }
                }
                div #swagger-ui {}
                script src="docs/swagger-ui-bundle.js" {}
                script src="docs/swagger-ui-standalone-preset.js" {}
                script src="docs/swagger-initializer.js" {}
            }
        }
    };
    let mut response = pages::respond(page);
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(SWAGGER_POLICY));
    response
}

/// `/docs/{name}`: what Swagger UI is made of.
pub(super) async fn swagger_ui_file(name: Path<String>) -> Result<HttpResponse, ApiError> {
    // Without a validator: it is another origin, and would be told of this service.
    let config = utoipa_swagger_ui::Config::from("openapi.json").validator_url("none");
    let config = Arc::new(config);
    match utoipa_swagger_ui::serve(&name, config) {
        Ok(Some(file)) => {
            Ok(HttpResponse::Ok().content_type(file.content_type).body(file.bytes.into_owned()))
        }
        Ok(None) | Err(_) => Err(ApiError::NoSuchPath),
    }
}

/// `/redoc`: the reference.
pub(super) async fn reference(state: Data<State>) -> HttpResponse {
    let reference = documents(&state).reference.clone();
    HttpResponse::Ok().content_type(ContentType::html()).body(reference)
}

/// `/problems/{name}`: leads to where the problem is described.
pub(super) async fn problem(name: Path<String>) -> Result<HttpResponse, ApiError> {
    let kind = KINDS.iter().find(|kind| kind.name == *name).ok_or(ApiError::NoSuchPath)?;
    let place = format!("../redoc#{}", kind.name);
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, place)).finish())
}

fn members_mut(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flat_map(Map::values_mut)
}
