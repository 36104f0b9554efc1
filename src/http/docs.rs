//! The API's documentation, all of it from the binary: the specification, Swagger UI, and a
//! reference that is rendered from the specification and needs no script.

mod reference;
mod specification;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType, HeaderValue, LOCATION};
use actix_web::web::{Data, Path};
use maud::{DOCTYPE, html};

use super::error::ApiError;
use super::problem::KINDS;
use super::{State, pages};
use crate::config::Settings;
use specification::specification;

/// Swagger UI sets styles from its script and draws with images in its style sheet.
const SWAGGER_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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
            let mut media_type = file.content_type;
            if media_type.starts_with("text/") {
                media_type += "; charset=utf-8";
            }
            Ok(HttpResponse::Ok().content_type(media_type).body(file.bytes.into_owned()))
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
