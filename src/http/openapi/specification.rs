//! The specification (`OpenAPI` 3.1), generated from the handlers and adapted to the settings: the paths
//! that an instance serves, its access rule and its limits.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::reference;
use crate::config::{Secrets, Settings};
use crate::domain::time_to_live::SHORTEST_HOURS;
use crate::http::handlers::{acknowledge, burn, create, health, receipt, reveal, status};
use crate::http::problem::{PROBLEM_JSON, Problem};
use crate::http::routes::Path;

const JSON: &str = "application/json";
/// The name of the security scheme for access tokens.
const SCHEME: &str = "access_token";

/// All operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "viewonce",
        description = "Keeps a secret until a request presents its token. Deletes it durably, and \
            only then returns it, once."
    ),
    paths(
        create::create, reveal::by_get, reveal::reveal, acknowledge::acknowledge, status::status,
        burn::burn, receipt::inspect, receipt::revoke, health::health
    ),
    components(schemas(Problem)),
    tags(
        (name = "secrets", description = "Create, view, check and burn secrets."),
        (name = "receipts", description = "As the sender, see what became of a secret, or burn it."),
        (name = "operations", description = "For operators of the service.")
    )
)]
struct Operations;

/// The specification of a service with these settings. Problems have their own media type.
pub(super) fn specification(settings: &Settings) -> Value {
    let serve = settings.server.serve;
    let mut operations = Operations::openapi();
    operations.paths.paths.retain(|template, _operations| Path::find(template, serve).is_some());
    let mut specification = serde_json::to_value(operations).unwrap_or_default();
    describe_viewing(&mut specification, settings.secrets.view_by_get);
    describe_access(&mut specification, !settings.access.create_tokens.is_empty());
    describe_limits(&mut specification, &settings.secrets);
    let paths = members_mut(&mut specification["paths"]);
    let operations = paths.flat_map(members_mut);
    for response in operations.flat_map(|operation| members_mut(&mut operation["responses"])) {
        if reference::body_schema(response) == Some("Problem") {
            let content = response["content"][JSON].take();
            response["content"] = json!({ PROBLEM_JSON: content });
        }
    }
    drop_unused_schemas(&mut specification);
    specification
}

/// Removes schemas that no served operation refers to.
fn drop_unused_schemas(specification: &mut Value) {
    let text = specification.to_string();
    if let Some(schemas) = specification["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _schema| text.contains(&format!("#/components/schemas/{name}\"")));
    }
}

/// Removes viewing by GET if it is turned off.
fn describe_viewing(specification: &mut Value, view_by_get: bool) {
    let secret = specification.pointer_mut("/paths/~1api~1v1~1secrets~1{token}");
    if let Some(methods) = secret.and_then(Value::as_object_mut)
        && !view_by_get
    {
        methods.shift_remove("get");
    }
}

/// Describes who may create secrets: holders of access tokens, or everyone.
fn describe_access(specification: &mut Value, is_closed: bool) {
    let Some(create) = specification.pointer_mut("/paths/~1api~1v1~1secrets/post") else { return };
    if is_closed {
        create["security"] = json!([{ SCHEME: [] }]);
        specification["components"]["securitySchemes"] = json!({ SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token from the operator of the service.",
        } });
    } else if let Some(responses) = create["responses"].as_object_mut() {
        responses.shift_remove("401");
    }
}

/// Describes the limits of request bodies.
fn describe_limits(specification: &mut Value, secrets: &Secrets) {
    let schemas = &mut specification["components"]["schemas"];
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        if name.ends_with("Request") {
            schema["additionalProperties"] = false.into();
        }
    }
    if let Some(create) = schemas.pointer_mut("/CreateRequest/properties") {
        // `maxLength` counts characters, but the limit counts bytes: non-ASCII text is limited to fewer.
        create["content"]["maxLength"] = secrets.max_content_bytes.into();
        create["ttl_hours"]["minimum"] = SHORTEST_HOURS.into();
        create["ttl_hours"]["maximum"] = secrets.max_ttl_hours.into();
        create["ttl_hours"]["default"] = secrets.default_ttl_hours.into();
    }
}

fn members_mut(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flat_map(Map::values_mut)
}
