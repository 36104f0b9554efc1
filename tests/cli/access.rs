//! Access tokens: generating one, configuring its hash, and that no log holds it.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::process::{Service, output, viewonce};

/// What `viewonce token` prints: a token, and the line for the configuration.
fn generated() -> [String; 2] {
    let printed = output(viewonce(Path::new(".")).arg("token"));
    assert!(printed.status.success() && printed.stderr.is_empty());
    let text = String::from_utf8(printed.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    <[&str; 2]>::try_from(lines).unwrap().map(str::to_owned)
}

/// The hash in the line for the configuration.
fn hash(line: &str) -> String {
    line.split('"').nth(1).unwrap().to_owned()
}

async fn status_of_creation(service: &Service, token: &str) -> u16 {
    let request = service.client.post(service.url("/api/v1/secrets")).bearer_auth(token);
    request.json(&json!({ "content": "x" })).send().await.unwrap().status().as_u16()
}

#[test]
fn every_generated_token_is_different() {
    let ([one, one_line], [other, other_line]) = (generated(), generated());
    assert!(one.starts_with("vo_") && one.len() == 46, "{one}");
    assert_ne!(one, other);
    assert_ne!(one_line, other_line);
}

#[actix_web::test]
async fn the_printed_line_authorizes_its_token() {
    let [token, line] = generated();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("viewonce.toml"), format!("[access]\n{line}\n")).unwrap();
    let service = Service::start(folder, |command| command.args(["--config", "viewonce.toml"]));
    assert_eq!(status_of_creation(&service, &token).await, 201);
    assert_eq!(status_of_creation(&service, &generated()[0]).await, 401);
}

#[actix_web::test]
async fn a_variable_lists_hashes_and_no_log_holds_a_token() {
    let [one, other] = [generated(), generated()];
    let hashes = format!("{}, {}", hash(&one[1]), hash(&other[1]));
    let service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("VIEWONCE_ACCESS__CREATE_TOKENS", &hashes).env("RUST_LOG", "trace")
    });
    let unknown = &generated()[0];
    for (token, status) in [(&one[0], 201), (&other[0], 201), (unknown, 401)] {
        assert_eq!(status_of_creation(&service, token).await, status);
    }
    let (log, _folder) = service.stop();
    assert!(log.contains("status=401"), "{log}");
    for token in [&one[0], &other[0], unknown] {
        assert!(!log.contains(&token[3..20]) && !log.contains(&token[26..]), "a piece of a token");
    }
}

#[test]
fn check_prints_the_hashes_that_are_in_effect() {
    let line = &generated()[1];
    let mut command = viewonce(Path::new("."));
    command.arg("check").env("VIEWONCE_ACCESS__CREATE_TOKENS", hash(line));
    let printed: toml::Table =
        String::from_utf8(output(&mut command).stdout).unwrap().parse().unwrap();
    let hashes = printed["access"]["create_tokens"].as_array().unwrap();
    assert_eq!(hashes[0].as_str(), Some(hash(line).as_str()));
    let mut command = viewonce(Path::new("."));
    command.arg("check").env("VIEWONCE_ACCESS__CREATE_TOKENS", "");
    let printed: toml::Table =
        String::from_utf8(output(&mut command).stdout).unwrap().parse().unwrap();
    assert!(printed["access"]["create_tokens"].as_array().unwrap().is_empty());
}
