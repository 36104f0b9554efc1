//! A panicking handler, which is a bug, costs only its own request.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, rt, web};
use reqwest::{Client, Response};

use crate::expect_problem;

const CONTENT: &str = "the spare key é";
/// Longer than the connection is idle in this test, however slow the machine.
const LONG: Duration = Duration::from_mins(10);

async fn careless() -> String {
    assert!(CONTENT.is_empty(), "{CONTENT}");
    String::new()
}

#[actix_web::test]
async fn a_handler_that_panics_costs_one_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = HttpServer::new(|| {
        App::new()
            .wrap(from_fn(viewonce::http::frame))
            .route("/careless", web::get().to(careless))
            .route(
                "/peer",
                web::get().to(async |peer: actix_web::dev::PeerAddr| peer.0.to_string()),
            )
    });
    let server = server.workers(1).keep_alive(LONG).client_request_timeout(LONG);
    let server = server.listen(listener).unwrap().disable_signals().run();
    let handle = server.handle();
    let running = rt::spawn(server);
    let client = Client::new();
    let get = async |path: &str| -> Response {
        client.get(format!("http://{address}{path}")).send().await.unwrap()
    };
    let peer = get("/peer").await.text().await.unwrap();
    let answer = get("/careless").await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let problem = expect_problem(answer, 500, "internal-error").await;
    assert!(!problem.to_string().contains("spare key"));
    assert_eq!(get("/peer").await.text().await.unwrap(), peer, "the connection stays open");
    handle.stop(true).await;
    running.await.unwrap().unwrap();
}
