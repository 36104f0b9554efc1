//! The reference: one page of the specification and the problems that needs no script.

use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::http::pages;
use crate::http::problem::KINDS;

/// Renders the page from `specification`.
pub(super) fn page(specification: &Value) -> Markup {
    let schemas = &specification["components"]["schemas"];
    pages::layout(
        "viewonce API reference",
        &html! {
            main .wide {
                h1 { "viewonce API reference" }
                p .faint { "Version " (text(&specification["info"]["version"])) }
                p { (prose(&specification["info"]["description"])) }
                p {
                    "Errors are problem documents (RFC 9457), see "
                    (schema_link("Problem")) " and " a href="#problems" { "all of them" } ". No response may be cached."
                }
                (contents(&specification["paths"]))
                @for (path, operations) in members(&specification["paths"]) {
                    @for (method, operation) in members(operations) {
                        (operation_section(path, method, operation))
                    }
                }
                @for (name, schema) in members(schemas) {
                    (schema_section(name, schema))
                }
                (problems_section())
            }
        },
    )
}

fn contents(paths: &Value) -> Markup {
    let operations = members(paths).flat_map(|(_path, operations)| members(operations));
    html! {
        nav aria-label="Contents" {
            ul {
                @for (_method, operation) in operations {
                    li {
                        a href={ "#" (text(&operation["operationId"])) } {
                            (text(&operation["summary"]))
                        }
                    }
                }
            }
        }
    }
}

fn operation_section(path: &str, method: &str, operation: &Value) -> Markup {
    html! {
        section {
            h2 #(text(&operation["operationId"])) { (text(&operation["summary"])) }
            p { code { (method.to_uppercase()) " " (path) } }
            p { (prose(&operation["description"])) }
            @if operation["security"].is_array() {
                p {
                    "Requires an access token: "
                    code { "Authorization: Bearer TOKEN" }
                }
            }
            @for parameter in items(&operation["parameters"]) {
                p {
                    code { (text(&parameter["name"])) } " in the " (text(&parameter["in"])) ": "
                    (prose(&parameter["description"]))
                }
            }
            @if let Some(schema) = body_schema(&operation["requestBody"]) {
                p { "Body: " (schema_link(schema)) " as " code { "application/json" } }
            }
            table {
                thead { tr { th scope="col" { "Status" } th scope="col" { "Meaning" } } }
                tbody {
                    @for (status, response) in members(&operation["responses"]) {
                        tr {
                            td { (status) }
                            td {
                                (prose(&response["description"]))
                                @if let Some(schema) = body_schema(response) {
                                    @if schema != "Problem" { " Body: " (schema_link(schema)) "." }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn schema_section(name: &str, schema: &Value) -> Markup {
    let required: Vec<&str> = items(&schema["required"]).filter_map(Value::as_str).collect();
    html! {
        section {
            h2 #(name) { (name) }
            p { (prose(&schema["description"])) }
            dl {
                @for (field, property) in members(&schema["properties"]) {
                    dt {
                        code { (field) } " "
                        span .faint {
                            (type_of(property)) @if !required.contains(&field) { ", optional" }
                        }
                    }
                    dd {
                        (prose(&property["description"]))
                        @if let Some(example) = property.get("example") {
                            " For example " code { (example) } "."
                        }
                    }
                }
            }
        }
    }
}

fn problems_section() -> Markup {
    html! {
        section {
            h2 #problems { "Problems" }
            dl {
                @for kind in KINDS {
                    dt #(kind.name) {
                        code { "/problems/" (kind.name) } " "
                        span .faint { (kind.status.as_u16()) }
                    }
                    dd { (kind.detail) }
                }
            }
        }
    }
}

/// A property's type, as in `string`, `number or null` or `list of FieldError`.
fn type_of(property: &Value) -> String {
    let name = property["$ref"].as_str().map(schema_name).map(str::to_owned);
    let types = match &property["type"] {
        Value::Array(types) => {
            types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        Value::String(kind) if kind == "array" => {
            format!("list of {}", type_of(&property["items"]))
        }
        other => text(other).to_owned(),
    };
    name.unwrap_or(types)
}

/// The name of the schema of a request's or a response's body, if it has one.
pub(super) fn body_schema(message: &Value) -> Option<&str> {
    let (_media_type, content) = members(&message["content"]).next()?;
    content["schema"]["$ref"].as_str().map(schema_name)
}

fn schema_name(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

fn schema_link(name: &str) -> Markup {
    html! { a href={ "#" (name) } { (name) } }
}

/// Renders a description. Its only Markdown is `code`.
fn prose(description: &Value) -> Markup {
    html! {
        @for (index, piece) in text(description).split('`').enumerate() {
            @if index % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flat_map(Map::iter);
    members.map(|(name, value)| (name.as_str(), value))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
