//! The listener of the metrics: its own address, its limits, and nothing else on it.

use std::time::Duration;

use actix_web::rt::time::timeout;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::metrics::{PATIENCE, ask, spawn_measured_app};
use crate::expect_problem;
use crate::support::{spawn_app, spawn_app_in, spawn_app_with};

#[actix_web::test]
async fn the_metrics_listener_serves_only_the_metrics() {
    let app = spawn_measured_app();
    expect_problem(app.get("/metrics").await, 404, "no-such-path").await;
    expect_problem(spawn_app().get("/metrics").await, 404, "no-such-path").await;
    assert_eq!(spawn_app().metrics, None);
    for path in ["/", "/health", "/api/v1/secrets", "/docs", "/metrics/"] {
        expect_problem(ask(&app, path).await, 404, "no-such-path").await;
    }
    let answer = ask(&app, "/metrics").await;
    assert_eq!(answer.status(), 200);
    let media_type = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(answer.headers()["content-type"], media_type);
    assert_eq!(answer.headers()["cache-control"], "no-store");
}

#[actix_web::test]
async fn the_metrics_address_is_free_again_after_a_stop() {
    // No other test uses this address.
    let bind = Some(([127, 0, 0, 78], 0).into());
    let app = spawn_app_with(|settings| settings.metrics.bind = bind);
    let address = app.metrics.unwrap();
    let folder = app.stop().await;
    let app = spawn_app_in(folder, |settings| settings.metrics.bind = Some(address));
    assert_eq!(app.metrics, Some(address));
    assert_eq!(ask(&app, "/metrics").await.status(), 200);
}

#[actix_web::test]
async fn the_metrics_listener_serves_at_most_sixteen_connections() {
    const CONNECTIONS: usize = 16;
    let app = spawn_measured_app();
    let mut lines = Vec::new();
    for _ in 0..=CONNECTIONS {
        let mut line = TcpStream::connect(app.metrics.unwrap()).await.unwrap();
        line.write_all(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        lines.push(line);
    }
    let mut last = lines.pop().unwrap();
    for line in &mut lines {
        timeout(PATIENCE, line.read_u8()).await.expect("the request is answered").unwrap();
    }
    let too_early = timeout(Duration::from_millis(500), last.read_u8()).await;
    assert!(too_early.is_err());
    drop(lines);
    timeout(PATIENCE, last.read_u8()).await.expect("the request is answered").unwrap();
}

#[actix_web::test]
async fn a_metrics_client_that_reads_nothing_is_disconnected() {
    let app = spawn_app_with(|settings| {
        settings.metrics.bind = Some(([127, 0, 0, 1], 0).into());
        settings.limits.send_seconds = 1;
    });
    let mut stream = TcpStream::connect(app.metrics.unwrap()).await.unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    let asking = async { while stream.write_all(request).await.is_ok() {} };
    timeout(PATIENCE, asking).await.expect("the server closes the connection");
}
