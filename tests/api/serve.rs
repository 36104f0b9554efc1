//! Instances that serve only senders or only viewers: neither the routes nor the documents show the
//! other part of the API.

use reqwest::{Method, Response};
use serde_json::json;
use viewonce::config::Serve;

use crate::expect_problem;
use crate::support::{
    REPEAT_KEYS, TestApp, UNKNOWN_TOKEN, document, receipt_address, send, spawn_app_in,
    spawn_app_with,
};

const FOR_SENDERS: [&str; 3] =
    ["POST /api/v1/secrets", "GET /api/v1/receipts/{receipt}", "DELETE /api/v1/receipts/{receipt}"];
const FOR_VIEWERS: [&str; 4] = [
    "GET /api/v1/secrets/{token}",
    "DELETE /api/v1/secrets/{token}",
    "POST /api/v1/reveal",
    "POST /api/v1/acknowledge",
];
const FOR_EVERYONE: [&str; 2] = ["POST /api/v1/status", "GET /health"];
const PAGES_FOR_VIEWERS: [&str; 2] = ["GET /s", "GET /assets/secret.js"];
const PAGES_FOR_EVERYONE: [&str; 7] = [
    "GET /",
    "GET /assets/style.css",
    "GET /docs",
    "GET /docs/swagger-ui.css",
    "GET /redoc",
    "GET /openapi.json",
    "GET /problems/busy",
];

fn spawn(serve: Serve) -> TestApp {
    spawn_app_with(|settings| settings.server.serve = serve)
}

async fn ask(app: &TestApp, operation: &str) -> Response {
    let (method, path) = operation.split_once(' ').unwrap();
    let path = path.replace("{token}", UNKNOWN_TOKEN).replace("{receipt}", UNKNOWN_TOKEN);
    send(app.request(method.parse::<Method>().unwrap(), &path)).await
}

/// Asserts that of `all` operations only `served` exist.
async fn expect_served(app: &TestApp, served: &[&str], all: &[&str]) {
    for operation in all {
        let answer = ask(app, operation).await;
        if served.contains(operation) {
            assert_ne!(answer.status(), 405, "{operation}");
            let media_type = answer.headers().get("content-type");
            let is_problem = media_type.is_some_and(|kind| kind == "application/problem+json");
            let body = answer.text().await.unwrap();
            assert!(!is_problem || !body.contains("no-such-path"), "{operation}");
        } else {
            expect_problem(answer, 404, "no-such-path").await;
            // The header `Allow` names no method.
            let (_method, path) = operation.split_once(' ').unwrap();
            if !path.starts_with("/assets/") {
                expect_problem(ask(app, &format!("PUT {path}")).await, 404, "no-such-path").await;
            }
        }
    }
}

#[actix_web::test]
async fn each_instance_serves_only_its_own_paths() {
    let all = [&FOR_SENDERS[..], &FOR_VIEWERS, &FOR_EVERYONE].concat();
    let all = [&all[..], &PAGES_FOR_VIEWERS, &PAGES_FOR_EVERYONE].concat();
    let senders = [&FOR_SENDERS[..], &FOR_EVERYONE, &PAGES_FOR_EVERYONE].concat();
    let viewers = [&FOR_VIEWERS[..], &FOR_EVERYONE, &PAGES_FOR_VIEWERS].concat();
    let viewers = [&viewers[..], &PAGES_FOR_EVERYONE].concat();
    expect_served(&spawn(Serve::All), &all, &all).await;
    expect_served(&spawn(Serve::Create), &senders, &all).await;
    expect_served(&spawn(Serve::View), &viewers, &all).await;
}

#[actix_web::test]
async fn the_documentation_of_each_instance_describes_only_its_own_operations() {
    let sides = [
        (Serve::All, [&FOR_SENDERS[..], &FOR_VIEWERS, &FOR_EVERYONE].concat()),
        (Serve::Create, [&FOR_SENDERS[..], &FOR_EVERYONE].concat()),
        (Serve::View, [&FOR_VIEWERS[..], &FOR_EVERYONE].concat()),
    ];
    for (serve, mut expected) in sides {
        let app = spawn(serve);
        let specification = document(app.get("/openapi.json").await).await;
        let mut described = Vec::new();
        for (path, methods) in specification["paths"].as_object().unwrap() {
            let methods = methods.as_object().unwrap().keys();
            described.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
        }
        described.sort();
        expected.sort_unstable();
        assert_eq!(described, expected, "{serve:?}");
        let reference = app.get("/redoc").await.text().await.unwrap();
        for operation in [&FOR_SENDERS[..], &FOR_VIEWERS].concat() {
            let is_described = reference.contains(&format!("<code>{operation}</code>"));
            assert_eq!(is_described, expected.contains(&operation), "{serve:?}: {operation}");
        }
        let start = app.get("/").await.text().await.unwrap();
        assert_eq!(start.contains("/api/v1/secrets"), (serve != Serve::View), "{serve:?}");
    }
}

#[actix_web::test]
async fn every_reference_in_the_documentation_of_an_instance_resolves() {
    for serve in [Serve::Create, Serve::View] {
        let specification = document(spawn(serve).get("/openapi.json").await).await;
        let text = specification.to_string();
        let references = text.split("\"$ref\":\"#").skip(1);
        for reference in references.map(|rest| rest.split('"').next().unwrap()) {
            assert!(specification.pointer(reference).is_some(), "{serve:?}: {reference}");
        }
    }
}

#[actix_web::test]
async fn an_operation_that_is_not_served_consumes_nothing() {
    let inside = spawn(Serve::Create);
    let (token, receipt) = inside.store_with_receipt("x").await;
    expect_problem(inside.view(&token).await, 404, "no-such-path").await;
    expect_problem(inside.reveal(&token).await, 404, "no-such-path").await;
    expect_problem(inside.burn(&token).await, 404, "no-such-path").await;
    assert!(inside.is_available(&token).await);
    let outside = spawn_app_in(inside.stop().await, |settings| settings.server.serve = Serve::View);
    let body = json!({ "content": "x" });
    expect_problem(outside.post("/api/v1/secrets", &body).await, 404, "no-such-path").await;
    expect_problem(outside.revoke(&receipt).await, 404, "no-such-path").await;
    assert!(outside.is_available(&token).await);
    assert_eq!(outside.reveal_with_key(&token, REPEAT_KEYS[0]).await.status(), 200);
    assert_eq!(outside.acknowledge(&token, REPEAT_KEYS[0]).await.status(), 204);
    let inside =
        spawn_app_in(outside.stop().await, |settings| settings.server.serve = Serve::Create);
    assert_eq!(inside.state(&receipt).await, "viewed");
}

#[actix_web::test]
async fn a_percent_encoded_path_does_not_reveal_what_other_instances_serve() {
    let inside = spawn(Serve::Create);
    let outside = spawn(Serve::View);
    let (secret, receipt) = ("/api/v1/secrets/%41", receipt_address("%41"));
    expect_problem(inside.get(secret).await, 404, "no-such-path").await;
    expect_problem(inside.get(&receipt).await, 404, "receipt-not-found").await;
    expect_problem(outside.get(secret).await, 404, "secret-not-found").await;
    expect_problem(outside.get(&receipt).await, 404, "no-such-path").await;
}
