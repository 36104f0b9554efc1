//! Network settings: limits, trusted proxies and CORS origins.

use std::fs;
use std::path::Path;

use toml::Value;

use crate::process::Service;
use crate::settings::{check, complaint_of_file, complaint_of_variables};

/// The value that `check` prints for a setting from a variable.
fn printed(variable: (&str, &str), section: &str, key: &str) -> Value {
    let output = check(Path::new(".")).envs([variable]).output().unwrap();
    let printed: toml::Table = String::from_utf8(output.stdout).unwrap().parse().unwrap();
    printed[section][key].clone()
}

#[test]
fn an_invalid_limit_is_named() {
    let rate = "limits.requests_per_second: expected 0, or a number from 0.001 to 1000000";
    let burst = "limits.burst: expected a number from 1 to 1000000";
    let seconds = |key: &str| format!("limits.{key}: expected a number from 1 to 3600");
    let [head, body, keep_alive, send] =
        ["head_seconds", "body_seconds", "keep_alive_seconds", "send_seconds"].map(seconds);
    let cases = [
        ("requests_per_second = 0.0009", rate),
        ("requests_per_second = 1000001", rate),
        ("requests_per_second = nan", rate),
        ("requests_per_second = -1", rate),
        ("requests_per_second = \"few\"", rate),
        ("burst = 0", burst),
        ("burst = 1.5", burst),
        ("connections = 0", "limits.connections: expected a number from 1 to 1000000"),
        ("head_seconds = 0", &head),
        ("body_seconds = 3601", &body),
        ("keep_alive_seconds = 0", &keep_alive),
        ("send_seconds = 0", &send),
        ("send_seconds = 3601", &send),
        (
            "body_bytes = 393215",
            "limits.body_bytes: expected a number from 393216 to 1099511627776",
        ),
    ];
    for (text, expected) in cases {
        let line = complaint_of_file(&format!("[limits]\n{text}"));
        assert_eq!(line, format!("viewonce: viewonce.toml: {expected}\n"), "{text}");
    }
}

#[test]
fn the_limit_of_all_bodies_is_at_least_that_of_the_largest() {
    let line = complaint_of_file("[secrets]\nmax_content_bytes = 20000000");
    assert!(line.contains(" limits.body_bytes: expected a number from 120000000 to "), "{line}");
}

#[test]
fn the_default_limit_of_connections_is_at_least_12000() {
    let connections = printed(("RUST_LOG", "info"), "limits", "connections");
    assert!(connections.as_integer().unwrap() >= 12_000);
}

/// Number of warnings after two requests with `X-Forwarded-For`.
async fn warning_of_forwarded(limits: &str, proxies: &str) -> usize {
    let service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("VIEWONCE_LIMITS__REQUESTS_PER_SECOND", limits);
        command.env("VIEWONCE_SERVER__TRUSTED_PROXIES", proxies)
    });
    for _ in 0..2 {
        let request = service.client.get(service.url("/")).header("X-Forwarded-For", "192.0.2.1");
        assert!(request.send().await.unwrap().status().is_success());
    }
    service.stop().0.matches("ignoring X-Forwarded-For").count()
}

#[actix_web::test]
async fn an_untrusted_proxy_is_warned_of_once_if_there_are_limits() {
    assert_eq!(warning_of_forwarded("100", "").await, 1);
    assert_eq!(warning_of_forwarded("100", "127.0.0.1").await, 0);
    assert_eq!(warning_of_forwarded("0", "").await, 0);
}

#[test]
fn a_limit_may_be_a_fraction() {
    let variable = ("VIEWONCE_LIMITS__REQUESTS_PER_SECOND", "0.25");
    assert_eq!(printed(variable, "limits", "requests_per_second"), Value::from(0.25));
}

#[test]
fn an_invalid_list_of_proxies_is_named() {
    let expected =
        "server.trusted_proxies: expected a list of addresses and networks, as in 10.0.0.0/8";
    for value in
        ["10", "[10]", "[\"10.0.0.0/33\"]", "[\"::ffff:10.0.0.0/104\"]", "[\"proxy\"]", "true"]
    {
        let line = complaint_of_file(&format!("[server]\ntrusted_proxies = {value}"));
        assert_eq!(line, format!("viewonce: viewonce.toml: {expected}\n"), "{value}");
    }
    let name = "VIEWONCE_SERVER__TRUSTED_PROXIES";
    for value in ["10.0.0.1,,10.0.0.2", "10.0.0.1 10.0.0.2", ","] {
        let line = complaint_of_variables(&[(name, value)]);
        assert_eq!(line, format!("viewonce: {name}: {expected}\n"), "{value}");
    }
}

#[test]
fn a_list_is_an_array_or_comma_separated() {
    let name = "VIEWONCE_SERVER__TRUSTED_PROXIES";
    let list = "10.1.2.3/8, 192.0.2.1,::ffff:192.0.2.2,2001:db8::/32";
    let expected = ["10.0.0.0/8", "192.0.2.1/32", "192.0.2.2/32", "2001:db8::/32"];
    let proxies = |list| printed((name, list), "server", "trusted_proxies");
    assert_eq!(proxies(list), Value::from(expected.to_vec()));
    assert_eq!(proxies(""), Value::Array(Vec::new()));
    let folder = tempfile::tempdir().unwrap();
    let text = "[server]\ntrusted_proxies = [\"192.0.2.1\", \"2001:db8::/32\"]";
    fs::write(folder.path().join("viewonce.toml"), text).unwrap();
    let output = check(folder.path()).args(["--config", "viewonce.toml"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("192.0.2.1/32") && text.contains("2001:db8::/32"), "{text}");
}

#[test]
fn an_origin_is_written_as_a_browser_writes_it() {
    let name = "VIEWONCE_SERVER__CORS_ORIGINS";
    let wrong = [
        "*",
        "null",
        "app.example.com",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://App.example.com",
        "https://app.example.com:443",
        "https://user@app.example.com",
        "https://*.example.com",
        "ftp://app.example.com",
        "file:///",
        "https://a.example https://b.example",
        "https://a.example,",
    ];
    for origin in wrong {
        let line = complaint_of_variables(&[(name, origin)]);
        let expected = format!("viewonce: {name}: server.cors_origins: expected a list of origins");
        assert!(line.starts_with(&expected), "{origin}: {line}");
    }
    let right = ["https://app.example.com", "http://localhost:3000", "http://[::1]:8080"];
    let origins = printed((name, &right.join(",")), "server", "cors_origins");
    assert_eq!(origins, Value::from(right.to_vec()));
}
