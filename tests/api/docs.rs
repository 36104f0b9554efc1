//! The documentation pages: complete, consistent with the routes, and served from the binary alone.

use reqwest::Method;
use serde_json::Value;

use crate::support::{TestApp, UNKNOWN_TOKEN, document, send, spawn_app};

async fn specification(app: &TestApp) -> Value {
    document(app.get("/openapi.json").await).await
}

#[actix_web::test]
async fn the_specification_names_every_operation_and_no_other() {
    let app = spawn_app();
    let specification = specification(&app).await;
    let mut operations = Vec::new();
    for (path, methods) in specification["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            operations.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    operations.sort();
    let expected = [
        "DELETE /api/v1/receipts/{receipt}",
        "DELETE /api/v1/secrets/{token}",
        "GET /api/v1/receipts/{receipt}",
        "GET /api/v1/secrets/{token}",
        "GET /health",
        "POST /api/v1/acknowledge",
        "POST /api/v1/reveal",
        "POST /api/v1/secrets",
        "POST /api/v1/status",
    ];
    assert_eq!(operations, expected);
    for operation in operations {
        let (method, path) = operation.split_once(' ').unwrap();
        let path = path.replace("{token}", UNKNOWN_TOKEN).replace("{receipt}", UNKNOWN_TOKEN);
        let response = send(app.request(method.parse::<Method>().unwrap(), &path)).await;
        assert_ne!(response.status(), 405, "{operation}");
        assert!(!response.text().await.unwrap().contains("no-such-path"), "{operation}");
    }
}

#[actix_web::test]
async fn the_specification_names_the_media_type_of_problems() {
    let specification = specification(&spawn_app()).await;
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let operations = members(&specification["paths"]).into_values().flat_map(|path| members(&path));
    let responses = operations.flat_map(|(_method, operation)| members(&operation["responses"]));
    let mut problems = 0;
    for (media_type, body) in responses.flat_map(|(_status, answer)| members(&answer["content"])) {
        let is_problem = body["schema"]["$ref"] == "#/components/schemas/Problem";
        assert_eq!(is_problem, media_type == "application/problem+json", "{media_type}: {body}");
        problems += usize::from(is_problem);
    }
    assert!(problems > 20, "{problems}");
}

#[actix_web::test]
async fn every_reference_in_the_specification_resolves() {
    let specification = specification(&spawn_app()).await;
    let text = specification.to_string();
    let references: Vec<&str> =
        text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(!references.is_empty());
    for reference in references {
        assert!(specification.pointer(reference).is_some(), "{reference}");
    }
}

#[actix_web::test]
async fn the_reference_shows_the_specification_without_a_script() {
    let app = spawn_app();
    let page = app.get("/redoc").await.text().await.unwrap();
    assert!(!page.contains("<script"));
    let specification = specification(&app).await;
    for (path, methods) in specification["paths"].as_object().unwrap() {
        assert!(page.contains(path.as_str()));
        for operation in methods.as_object().unwrap().values() {
            assert!(page.contains(operation["summary"].as_str().unwrap()), "{path}");
        }
    }
    for schema in specification["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("id=\"{schema}\"")), "{schema}");
    }
}

#[actix_web::test]
async fn every_address_in_the_pages_is_served_from_here() {
    let app = spawn_app();
    for path in ["/", "/s", "/docs", "/redoc"] {
        let page = app.get(path).await.text().await.unwrap();
        let addresses = page
            .split(" href=\"")
            .chain(page.split(" src=\""))
            .filter_map(|rest| rest.split('"').next());
        for address in addresses.filter(|address| !address.contains(['<', '#', ' '])) {
            assert!(!address.contains("//"), "{path}: {address}");
            assert_eq!(app.get(&format!("/{address}")).await.status(), 200, "{path}: {address}");
        }
    }
}

#[actix_web::test]
async fn the_start_page_leads_to_the_documentation() {
    let page = spawn_app().get("/").await.text().await.unwrap();
    for address in ["docs", "redoc", "openapi.json", "health"] {
        assert!(page.contains(&format!("href=\"{address}\"")), "{address}");
    }
}

#[actix_web::test]
async fn the_start_page_names_the_requested_host_and_no_forwarded_one() {
    const OTHER: &str = "elsewhere.example";
    let app = spawn_app();
    let request = app.request(Method::GET, "/").header("X-Forwarded-Host", OTHER);
    let request = request.header("Forwarded", format!("host={OTHER};proto=gopher"));
    let page = send(request).await.text().await.unwrap();
    assert!(page.contains(&format!("curl -s {}", app.url("/api/v1/secrets"))), "{page}");
    assert!(!page.contains(OTHER) && !page.contains("gopher"), "{page}");
    let behind = send(app.request(Method::GET, "/").header("X-Forwarded-Proto", "https")).await;
    let secure = app.url("/api/v1/secrets").replace("http://", "https://");
    assert!(behind.text().await.unwrap().contains(&secure));
}

#[actix_web::test]
async fn every_text_response_names_its_character_set() {
    let app = spawn_app();
    let paths = ["/", "/s", "/docs", "/redoc"];
    let files = ["secret.js", "style.css", "icon.svg"].map(|name| format!("/assets/{name}"));
    let swagger = ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"];
    let swagger = swagger.map(|name| format!("/docs/{name}"));
    for path in paths.map(str::to_owned).into_iter().chain(files).chain(swagger) {
        let answer = app.get(&path).await;
        let media_type = answer.headers()["content-type"].to_str().unwrap();
        assert!(media_type.ends_with("; charset=utf-8"), "{path}: {media_type}");
    }
}

#[actix_web::test]
async fn every_problem_is_described_where_its_type_leads() {
    let app = spawn_app();
    let reference = app.get("/redoc").await.text().await.unwrap();
    let problem = document(app.view(UNKNOWN_TOKEN).await).await;
    let described = app.get(problem["type"].as_str().unwrap()).await;
    assert_eq!(described.status(), 303);
    assert_eq!(described.headers()["location"], "../redoc#secret-not-found");
    assert!(reference.contains("id=\"secret-not-found\""));
    assert_eq!(app.get("/problems/unheard-of").await.status(), 404);
}

#[actix_web::test]
async fn every_operation_names_the_answers_it_gives() {
    let specification = specification(&spawn_app()).await;
    let statuses = |method: &str, path: &str| -> Vec<String> {
        let responses = &specification["paths"][path][method]["responses"];
        let mut statuses: Vec<_> = responses.as_object().unwrap().keys().cloned().collect();
        statuses.sort();
        statuses
    };
    let secret = "/api/v1/secrets/{token}";
    let body = ["400", "408", "413", "415", "422"];
    let store = ["503", "507"];
    let body = [&body[..], &["429"]].concat();
    let create = [&["201"][..], &body, &["500"], &store].concat();
    assert_eq!(statuses("post", "/api/v1/secrets"), create);
    let status = [&["200", "400", "404", "408"][..], &body[2..], &store].concat();
    assert_eq!(statuses("post", "/api/v1/status"), status);
    let reveal = [&["200", "400", "403", "404", "408"][..], &body[2..], &["500"], &store].concat();
    assert_eq!(statuses("post", "/api/v1/reveal"), reveal);
    let view = [&["200", "303", "400", "403", "404", "429", "500"][..], &store].concat();
    assert_eq!(statuses("get", secret), view);
    let burn = [&["204", "400", "403", "404", "429"][..], &store].concat();
    assert_eq!(statuses("delete", secret), burn);
    let acknowledge = [&["204", "400", "403", "404", "408"][..], &body[2..], &store].concat();
    assert_eq!(statuses("post", "/api/v1/acknowledge"), acknowledge);
    let receipt = "/api/v1/receipts/{receipt}";
    let inspect = [&["200", "404", "422", "429"][..], &store].concat();
    assert_eq!(statuses("get", receipt), inspect);
    let revoke = [&["204", "400", "403", "404", "409", "429"][..], &store].concat();
    assert_eq!(statuses("delete", receipt), revoke);
}

#[actix_web::test]
async fn every_field_of_every_body_has_an_example() {
    let specification = specification(&spawn_app()).await;
    let mut bodies = 0;
    for (path, methods) in specification["paths"].as_object().unwrap() {
        let body = &methods["post"]["requestBody"]["content"]["application/json"]["schema"];
        let Some(reference) = body["$ref"].as_str() else { continue };
        let schema = specification.pointer(reference.trim_start_matches('#')).unwrap();
        let properties = schema["properties"].as_object().unwrap();
        for (name, property) in properties {
            assert!(property.get("example").is_some(), "{path}: {name}");
            assert!(property["description"].is_string(), "{path}: {name}");
        }
        assert!(!properties.is_empty(), "{path}");
        bodies += 1;
    }
    assert_eq!(bodies, 4);
}

#[actix_web::test]
async fn the_header_that_makes_a_request_repeatable_is_described_where_it_counts() {
    let specification = specification(&spawn_app()).await;
    let expected = [
        ("/api/v1/secrets", "post", Some(false)),
        ("/api/v1/reveal", "post", Some(false)),
        ("/api/v1/acknowledge", "post", Some(true)),
        ("/api/v1/status", "post", None),
        ("/api/v1/secrets/{token}", "get", None),
    ];
    for (path, method, is_required) in expected {
        let parameters = specification["paths"][path][method]["parameters"].as_array();
        let header = parameters.into_iter().flatten().find(|it| it["in"] == "header");
        assert_eq!(header.map(|header| header["required"].as_bool().unwrap()), is_required);
        if let Some(header) = header {
            assert_eq!(header["name"], "Idempotency-Key", "{path}");
            assert!(header["example"].is_string() && header["description"].is_string(), "{path}");
            assert_eq!(header["schema"]["type"], "string", "{path}: a header is never null");
        }
    }
    let waiting = &specification["paths"]["/api/v1/receipts/{receipt}"]["get"]["parameters"];
    let wait = waiting.as_array().unwrap().iter().find(|it| it["name"] == "wait").unwrap();
    assert_eq!([&wait["in"], &wait["required"]], [&Value::from("query"), &Value::from(false)]);
    assert!(wait["example"].is_number() && wait["description"].is_string());
}

#[actix_web::test]
async fn every_problem_that_a_repeat_a_passphrase_or_a_receipt_meets_is_described() {
    let app = spawn_app();
    let reference = app.get("/redoc").await.text().await.unwrap();
    for name in [
        "passphrase-required",
        "wrong-passphrase",
        "receipt-not-found",
        "secret-ended",
        "idempotency-key-reused",
    ] {
        let described = app.get(&format!("/problems/{name}")).await;
        let place = format!("../redoc#{name}");
        assert_eq!(described.headers()["location"], place.as_str());
        assert!(reference.contains(&format!("id=\"{name}\"")), "{name}");
    }
}
