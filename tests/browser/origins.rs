//! Cross-origin pages in a real browser: a configured origin may call the API; any other reads nothing
//! and consumes nothing.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::browser::Browser;
use crate::support::{TestApp, spawn_app_with};

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\
                    Connection: close\r\n\r\n<title>Elsewhere</title>";
/// Creates a secret, views it repeatably, views another by its address and burns a third.
const CALLS: &str = r#"(async () => {
    const call = async (method, path, body) => {
        const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
        const options = body ? { method, headers, body: JSON.stringify(body) } : { method };
        const response = await fetch(SERVICE + path, options);
        return { status: response.status, id: response.headers.get("X-Request-Id"),
            ...(response.status === 204 ? {} : await response.json()) };
    };
    const create = () => call("POST", "/api/v1/secrets", { content: "x" });
    const [one, two, three] = [await create(), await create(), await create()];
    const answers = [
        one,
        await call("POST", "/api/v1/reveal", { token: one.token }),
        await call("GET", "/api/v1/secrets/" + two.token),
        await call("DELETE", "/api/v1/secrets/" + three.token),
        await call("GET", "/api/v1/secrets/" + three.token),
    ];
    return answers.map(({ status, id, content }) => ({ status, id: id?.length, content: content ?? null }));
})()"#;

/// Serves a page at another origin; returns that origin.
async fn other_origin() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    actix_web::rt::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            if connection.read(&mut request).await.is_ok() {
                connection.write_all(PAGE.as_bytes()).await.ok();
            }
        }
    });
    origin
}

async fn resolve(browser: &Browser, app: &TestApp, calls: &str) -> Value {
    browser.resolve(&calls.replace("SERVICE", &format!("{:?}", app.url("")))).await
}

#[actix_web::test]
async fn a_page_of_a_configured_origin_calls_the_api() {
    let Some(browser) = Browser::start().await else { return };
    let origin = other_origin().await;
    let app = spawn_app_with(|settings| settings.server.cors_origins = vec![origin.clone()]);
    browser.open(&origin).await;
    let answers = resolve(&browser, &app, CALLS).await;
    let answer = |status: u16, content: Option<&str>| json!({ "status": status, "id": 36, "content": content });
    let expected = [
        answer(201, None),
        answer(200, Some("x")),
        answer(200, Some("x")),
        answer(204, None),
        answer(404, None),
    ];
    assert_eq!(answers, Value::from(expected.to_vec()));
}

#[actix_web::test]
async fn a_page_of_another_origin_reads_and_consumes_nothing() {
    let Some(browser) = Browser::start().await else { return };
    let (named, other) = (other_origin().await, other_origin().await);
    let app = spawn_app_with(|settings| settings.server.cors_origins = vec![named]);
    let token = app.store("x").await;
    browser.open(&other).await;
    let view = format!("fetch(SERVICE + '/api/v1/secrets/{token}').then((it) => it.text())");
    for calls in [CALLS, view.as_str()] {
        assert_eq!(resolve(&browser, &app, calls).await, "TypeError: Failed to fetch");
    }
    assert!(app.is_available(&token).await);
}
