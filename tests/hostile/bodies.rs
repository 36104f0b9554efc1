//! Random bodies and heads, sent to the real server: each gets an allowed response that echoes nothing
//! of the input.

use std::time::Duration;

use actix_web::rt::time::timeout;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reqwest::{Method, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::proptest_config::config;
use crate::support::{TestApp, UNKNOWN_TOKEN, send, spawn_app};

/// Less than a server's timeouts for a head or a body.
const PATIENCE: Duration = Duration::from_secs(25);
/// A word in every request; it may only appear in the response to a view.
const MARK: &str = "pomegranate";
const PATHS: [&str; 4] =
    ["/api/v1/secrets", "/api/v1/reveal", "/api/v1/status", "/api/v1/acknowledge"];
/// The allowed statuses of a response to a body.
const EXPECTED: [u16; 8] = [201, 400, 403, 404, 413, 415, 422, 503];

/// A JSON value, not too deep.
fn json() -> impl Strategy<Value = String> {
    let number = prop_oneof![any::<f64>().prop_map(|n| n.to_string()), "-?[0-9]{1,30}"];
    let text = prop_oneof![
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(format!("\"{UNKNOWN_TOKEN}\"")),
        Just(format!("\"{MARK}\"")),
        "\"[^\"]{0,20}\"",
    ];
    let leaf = prop_oneof![Just("null".to_owned()), Just("true".to_owned()), number, text];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            vec((name(), inner), 0..6).prop_map(|members| object(&members)),
        ]
    })
}

/// The name of a member, mostly one that exists.
fn name() -> impl Strategy<Value = String> {
    let known = ["content", "ttl_hours", "passphrase", "receipt", "token"].map(str::to_owned);
    prop_oneof![4 => proptest::sample::select(known.to_vec()), 1 => any::<String>()]
}

fn object(members: &[(String, String)]) -> String {
    let member = |(name, value): &(String, String)| {
        format!("{}:{value}", serde_json::to_string(name).unwrap())
    };
    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
}

/// A body: mostly an object, sometimes truncated, sometimes not UTF-8.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let members = vec((name(), json()), 0..5).prop_map(|members| object(&members));
    let cut = (json(), any::<Index>()).prop_map(|(text, place)| {
        let length = place.index(text.len());
        text.into_bytes()[..length].to_vec()
    });
    prop_oneof![
        6 => members.prop_map(String::into_bytes),
        2 => json().prop_map(String::into_bytes),
        1 => cut,
        1 => vec(any::<u8>(), 0..300),
    ]
}

/// A fixed number of random values.
fn samples<S: Strategy>(strategy: &S) -> impl Iterator<Item = S::Value> {
    let config = config();
    let cases = config.cases;
    let mut runner = TestRunner::new(config);
    (0..cases).map(move |_| strategy.new_tree(&mut runner).unwrap().current())
}

async fn expect_harmless(response: Response, sent: &[u8]) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert!(EXPECTED.contains(&status), "{status} {text} to {sent:?}");
    assert!(!text.contains(MARK) && !text.contains(UNKNOWN_TOKEN), "{text}");
}

#[actix_web::test]
async fn no_response_echoes_a_random_body() {
    let app = spawn_app();
    for (body, path) in samples(&body()).zip(PATHS.iter().cycle()) {
        let request = app.request(Method::POST, path).header("Content-Type", "application/json");
        expect_harmless(send(request.body(body.clone())).await, &body).await;
    }
    assert_eq!(app.get("/health").await.status(), 200);
}

/// A nearly valid head.
fn head() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof!["(GET|POST|DELETE|HEAD|OPTIONS)", "[A-Z]{1,20}", "[!-~]{1,5}"];
    let path = prop_oneof![
        "/[a-z0-9/%._~-]{0,20}pomegranate[?a-z]{0,10}",
        "/[a-z0-9/%._~-]{0,60}",
        "/api/v1/secrets/[A-Za-z0-9_%-]{0,50}",
        "[ -~]{0,80}"
    ];
    let line = prop_oneof![
        "(Host|Range|Origin|Accept|Cookie|Sec-Fetch-Site|Idempotency-Key): [ -~]{0,40}",
        "(Origin|Authorization|X-Request-Id|X-Forwarded-For|Idempotency-Key|Cookie): pomegranate",
        "(Content-Length|Transfer-Encoding|Connection|Expect|Upgrade): [a-z0-9, -]{0,12}",
        "[ -~]{0,60}",
    ];
    let head = (method, path, vec(line, 0..8)).prop_map(|(method, path, lines)| {
        let lines = lines.join("\r\n");
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n").into_bytes()
    });
    prop_oneof![8 => head, 1 => vec(any::<u8>(), 0..300)]
}

/// Sends bytes, shuts down the sending side, and reads all responses.
async fn answers(app: &TestApp, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answers = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answers)).await;
    drop(read.expect("the server closes the connection"));
    String::from_utf8_lossy(&answers).into_owned()
}

#[actix_web::test]
async fn no_random_head_breaks_the_server() {
    let app = spawn_app();
    for head in samples(&head()) {
        let answers = answers(&app, &head).await;
        let is_harmless = !answers.contains(" 500 ") && !answers.contains(MARK);
        assert!(is_harmless, "{answers} to {:?}", String::from_utf8_lossy(&head));
    }
    assert_eq!(app.get("/health").await.status(), 200);
}
