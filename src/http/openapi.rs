//! The API's documentation, served from the binary: the specification, Swagger UI, and a reference page
//! that is rendered from the specification and needs no script.

mod reference;

mod specification;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType, LOCATION};
use actix_web::web::{Data, Path};

use super::AppState;
use super::error::ApiError;
use super::problem::{self, KINDS};
use specification::specification;

/// Swagger UI sets inline styles and has `data:` images in its style sheet.
const SWAGGER_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The specification and the reference of a service. They depend on its settings.
pub type Documents = [String; 2];

fn documents(state: &AppState) -> &Documents {
    state.documents.get_or_init(|| {
        let specification = specification(&state.settings);
        let reference = reference::page(&specification).into_string();
        [specification.to_string(), reference]
    })
}

/// `/openapi.json`: the specification.
pub(crate) async fn openapi(state: Data<AppState>) -> HttpResponse {
    let [specification, _reference] = documents(&state);
    HttpResponse::Ok().content_type(ContentType::json()).body(specification.clone())
}

/// `/docs`: Swagger UI.
pub(crate) async fn swagger_ui() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, SWAGGER_POLICY))
        .body(include_str!("pages/swagger.html"))
}

/// `/docs/{name}`: the files of Swagger UI.
pub(crate) async fn swagger_ui_file(name: Path<String>) -> Result<HttpResponse, ApiError> {
    // The validator is a third-party site, which would learn the address of this service.
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
        Ok(None) | Err(_) => Err(problem::NO_SUCH_PATH.into()),
    }
}

/// `/redoc`: the reference.
pub(crate) async fn reference(state: Data<AppState>) -> HttpResponse {
    let [_specification, reference] = documents(&state);
    HttpResponse::Ok().content_type(ContentType::html()).body(reference.clone())
}

/// `/problems/{name}`: redirects to the problem's description in the reference.
pub(crate) async fn problem(name: Path<String>) -> Result<HttpResponse, ApiError> {
    let kind = KINDS.iter().find(|kind| kind.name == *name).ok_or(problem::NO_SUCH_PATH)?;
    let place = format!("../redoc#{}", kind.name);
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, place)).finish())
}
