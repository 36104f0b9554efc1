//! Creating secrets, and creations that are refused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::expect_problem;
use crate::support::{
    TestApp, UNKNOWN_TOKEN, document, receipt_address, send, spawn_app, spawn_app_with,
};

const PATH: &str = "/api/v1/secrets";

/// Posts `body` unchanged.
async fn post_raw(app: &TestApp, media_type: &str, body: impl Into<Vec<u8>>) -> reqwest::Response {
    let request = app.request(Method::POST, PATH).header("Content-Type", media_type);
    send(request.body(body.into())).await
}

/// The fields that are refused in `body`, each with its message.
async fn refused_fields(app: &TestApp, body: &str) -> Vec<(String, String)> {
    let response = post_raw(app, "application/json", body).await;
    let problem = expect_problem(response, 422, "invalid-fields").await;
    let text = |error: &Value, member: &str| error[member].as_str().unwrap().to_owned();
    let errors = problem["errors"].as_array().unwrap().iter();
    errors.map(|error| (text(error, "field"), text(error, "message"))).collect()
}

#[actix_web::test]
async fn a_secret_is_answered_with_its_token_its_expiry_and_its_link() {
    let app = spawn_app();
    let before = app.clock.now();
    let response = app.post(PATH, &json!({ "content": "x", "ttl_hours": 0.25 })).await;
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let answer = document(response).await;
    let token = answer["token"].as_str().unwrap();
    assert_eq!(token.len(), 43);
    assert_eq!(location, format!("{PATH}/{token}"));
    assert_eq!(answer["url"], format!("/s#{token}"));
    assert_eq!(answer["message"], "Secret stored successfully");
    let quarter = std::time::Duration::from_mins(15);
    let expires_at = answer["expires_at"].as_str().unwrap();
    assert!(expires_at >= before.plus(quarter).to_rfc3339().as_str());
    assert!(expires_at <= app.clock.now().plus(quarter).to_rfc3339().as_str());
}

#[actix_web::test]
async fn a_link_begins_with_the_public_url_whatever_its_trailing_slash() {
    for url in ["https://secrets.example.com/vault", "https://secrets.example.com/vault/"] {
        let app = spawn_app_with(|settings| settings.server.public_url = url.parse().ok());
        let answer = document(app.post(PATH, &json!({ "content": "x" })).await).await;
        let link = answer["url"].as_str().unwrap();
        assert!(link.starts_with("https://secrets.example.com/vault/s#"), "{link}");
    }
}

#[actix_web::test]
async fn a_secret_lives_for_the_configured_time_unless_its_creation_sets_another() {
    let app = spawn_app();
    for body in [json!({ "content": "x" }), json!({ "content": "x", "ttl_hours": null })] {
        let before = app.clock.now();
        let answer = document(app.post(PATH, &body).await).await;
        let day = std::time::Duration::from_hours(24);
        assert!(answer["expires_at"].as_str().unwrap() >= before.plus(day).to_rfc3339().as_str());
    }
}

#[actix_web::test]
async fn contents_are_returned_byte_for_byte() {
    let app = spawn_app();
    let long = "ü".repeat(32_768);
    for content in ["\0", "\"\\\n\r\t\u{80}", "🗝️ <b>&amp;</b>", " ", &long] {
        let token = app.store(content).await;
        assert_eq!(document(app.view(&token).await).await["content"], content);
    }
}

#[actix_web::test]
async fn a_content_over_the_limit_is_refused_however_it_is_written() {
    let app = spawn_app_with(|settings| settings.secrets.max_content_bytes = 100);
    let at_limit = format!(r#"{{"content":"{}"}}"#, "\\u0041".repeat(100));
    assert_eq!(post_raw(&app, "application/json", at_limit).await.status(), 201);
    for content in ["x".repeat(101), "ü".repeat(51)] {
        let response = app.post(PATH, &json!({ "content": content })).await;
        let problem = expect_problem(response, 413, "too-large").await;
        assert!(problem["detail"].as_str().unwrap().contains("100 bytes"));
    }
    let response = app.post(PATH, &json!({ "content": "x".repeat(100_000) })).await;
    expect_problem(response, 413, "too-large").await;
}

#[actix_web::test]
async fn a_body_without_end_is_refused_at_the_limit() {
    let app = spawn_app_with(|settings| settings.secrets.max_content_bytes = 100);
    let chunks = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 4096]));
    let chunks = futures_util::StreamExt::take(chunks, 100);
    let request = app.request(Method::POST, PATH).header("Content-Type", "application/json");
    let response = send(request.body(reqwest::Body::wrap_stream(chunks))).await;
    expect_problem(response, 413, "too-large").await;
}

#[actix_web::test]
async fn a_body_that_is_not_json_is_malformed() {
    let app = spawn_app();
    let bodies: [&[u8]; 7] = [
        b"",
        b"{",
        b"content=x",
        b"{\"content\": \"x\"} y",
        b"{\"content\": \"\xff\"}",
        b"{\"content\": 5",
        b"{\"content\": \"\\ud800\"}",
    ];
    for body in bodies {
        let response = post_raw(&app, "application/json", body).await;
        expect_problem(response, 400, "malformed-json").await;
    }
}

#[actix_web::test]
async fn the_error_for_json_of_another_shape_names_the_expected_shape() {
    let app = spawn_app();
    let fields = (0..17).map(|field| format!("\"{field}\": {field}"));
    let too_many = format!("{{{}}}", fields.collect::<Vec<_>>().join(", "));
    for body in ["[]", "null", "\"content\"", "5", "[{\"content\": \"x\"}]", &too_many] {
        let errors = refused_fields(&app, body).await;
        let expected = "expected a JSON object with at most 16 fields";
        assert_eq!(errors, [(String::new(), expected.to_owned())], "{body}");
    }
}

#[actix_web::test]
async fn each_wrong_field_is_named() {
    let app = spawn_app();
    let cases = [
        (r"{}", vec!["content"]),
        (r#"{"content": null}"#, vec!["content"]),
        (r#"{"content": ""}"#, vec!["content"]),
        (r#"{"content": ["x"]}"#, vec!["content"]),
        (r#"{"content": "x", "content": "y"}"#, vec!["content"]),
        (r#"{"content": "x", "ttl_hours": "1"}"#, vec!["ttl_hours"]),
        (r#"{"content": "x", "ttl_hours": true}"#, vec!["ttl_hours"]),
        (r#"{"content": "x", "ttl_hours": 0}"#, vec!["ttl_hours"]),
        (r#"{"content": "x", "ttl_hours": -1}"#, vec!["ttl_hours"]),
        (r#"{"content": "x", "ttl_hours": 0.0002}"#, vec!["ttl_hours"]),
        (r#"{"content": "x", "ttl_hours": 720.001}"#, vec!["ttl_hours"]),
        (r#"{"content": "x", "ttl_hours": 1, "ttl_hours": 2}"#, vec!["ttl_hours"]),
        (r#"{"content": "", "ttl_hours": 0, "hours": 1}"#, vec!["content", "ttl_hours", ""]),
        (r#"{"content": "x", "passphrase": ""}"#, vec!["passphrase"]),
        (r#"{"content": "x", "passphrase": 1}"#, vec!["passphrase"]),
        (r#"{"content": "x", "Passphrase": "y"}"#, vec![""]),
        (r#"{"content": "x", "passphrase": "y", "passphrase": "y"}"#, vec!["passphrase"]),
        (r#"{"content": "x", "receipt": 1}"#, vec!["receipt"]),
        (r#"{"content": "x", "receipt": "true"}"#, vec!["receipt"]),
        (r#"{"content": "x", "Content": "y"}"#, vec![""]),
    ];
    for (body, fields) in cases {
        let errors = refused_fields(&app, body).await;
        let named: Vec<_> = errors.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(named, fields, "{body}");
    }
}

#[actix_web::test]
async fn no_error_echoes_the_request() {
    let app = spawn_app();
    let bodies = [
        r#"{"content": "x", "ttl_hours": "marker"}"#,
        r#"{"content": {"marker": 1}}"#,
        r#"{"content": "x", "marker": 1}"#,
        r#"{"content": "x", "passphrase": ["marker"]}"#,
        r#"{"content": "x", "receipt": "marker"}"#,
        r#"{"content": marker}"#,
        r#"["marker"]"#,
        r#""marker""#,
    ];
    for body in bodies {
        let answer = post_raw(&app, "application/json", body).await.text().await.unwrap();
        assert!(!answer.contains("marker"), "{answer}");
    }
    let receipt = receipt_address(UNKNOWN_TOKEN);
    for path in ["/marker?marker=marker", &format!("{receipt}?marker=marker"), &receipt] {
        let request = app.request(Method::GET, path).header("Idempotency-Key", "marker");
        let answer = send(request).await.text().await.unwrap();
        assert!(!answer.contains("marker"), "{answer}");
    }
    let answer = app.post_with_key(PATH, &json!({ "content": "x" }), "marker").await;
    assert!(!answer.text().await.unwrap().contains("marker"));
}

#[actix_web::test]
async fn a_body_must_be_declared_as_json() {
    let app = spawn_app();
    let body = r#"{"content": "x"}"#;
    for media_type in ["application/json", "Application/JSON; charset=UTF-8"] {
        assert_eq!(post_raw(&app, media_type, body).await.status(), 201, "{media_type}");
    }
    let wrong = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
        "json",
        "application/json+x",
        "",
    ];
    for media_type in wrong {
        let response = post_raw(&app, media_type, body).await;
        expect_problem(response, 415, "unsupported-media-type").await;
    }
    let silent = send(app.request(Method::POST, PATH).body(body)).await;
    expect_problem(silent, 415, "unsupported-media-type").await;
    let zipped = app.request(Method::POST, PATH).header("Content-Encoding", "gzip");
    let zipped = send(zipped.json(&json!({ "content": "x" }))).await;
    expect_problem(zipped, 415, "unsupported-media-type").await;
}
