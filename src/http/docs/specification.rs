//! The specification (`OpenAPI` 3.1), gathered from the handlers: what a service serves, to whom, and
//! within which limits.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::super::problem::{PROBLEM_JSON, Problem};
use super::super::{acknowledge, burn, create, health, receipt, status, view};
use super::reference;
use crate::config::{Secrets, Serve, Settings};
use crate::lifetime::SHORTEST_HOURS;

const JSON: &str = "application/json";
/// What the bearing of access tokens is called.
const SCHEME: &str = "access_token";
/// The schemas of bodies: a field that they do not name is an error.
const BODIES: [&str; 3] = ["CreateRequest", "RevealRequest", "TokenRequest"];

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

/// The specification of a service with these settings, in which every problem has its media type.
pub(super) fn specification(settings: &Settings) -> Value {
    let gathered = gathered(settings.server.serve);
    let mut specification = serde_json::to_value(gathered).unwrap_or_default();
    tell_ways_to_view(&mut specification, settings.secrets.view_by_get);
    tell_access(&mut specification, !settings.access.create_tokens.is_empty());
    tell_limits(&mut specification, &settings.secrets);
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

/// Tells of viewing by GET, unless that is turned off.
fn tell_ways_to_view(specification: &mut Value, view_by_get: bool) {
    let secret = specification.pointer_mut("/paths/~1api~1v1~1secrets~1{token}");
    if let Some(methods) = secret.and_then(Value::as_object_mut)
        && !view_by_get
    {
        methods.shift_remove("get");
    }
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

/// Tells what bodies may hold.
fn tell_limits(specification: &mut Value, secrets: &Secrets) {
    let schemas = &mut specification["components"]["schemas"];
    for name in BODIES {
        if let Some(schema) = schemas.get_mut(name) {
            schema["additionalProperties"] = false.into();
        }
    }
    if let Some(create) = schemas.pointer_mut("/CreateRequest/properties") {
        // In bytes it is less, where characters take several.
        create["content"]["maxLength"] = secrets.max_content_bytes.into();
        create["ttl_hours"]["minimum"] = SHORTEST_HOURS.into();
        create["ttl_hours"]["maximum"] = secrets.max_ttl_hours.into();
        create["ttl_hours"]["default"] = secrets.default_ttl_hours.into();
    }
}

fn members_mut(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flat_map(Map::values_mut)
}
