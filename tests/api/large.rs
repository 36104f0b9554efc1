//! Large contents are parsed, sealed and opened beside the threads that serve requests.

use std::sync::Arc;
use std::time::Duration;

use actix_web::App;
use actix_web::middleware::from_fn;
use actix_web::rt::task::yield_now;
use actix_web::test::{TestRequest, call_service, init_service};
use viewonce::crypto::format::{Issued, Roots};
use viewonce::crypto::{Open, Presented, Seal};
use viewonce::domain::clock::Timestamp;
use viewonce::domain::secret::Plaintext;
use viewonce::domain::time_to_live::TimeToLive;
use viewonce::http::frame;
use viewonce::http::routes;

use crate::state::state;
use crate::support::keys;

/// Bytes whose processing takes noticeable time.
const BYTES: usize = 1 << 20;
/// The same for parsing, which is faster.
const PARSED_BYTES: usize = 10 << 20;
/// Minimal number of times that the thread is free meanwhile. Work on this thread leaves it free two or
/// three times.
const TURNS: usize = 50;

/// Returns the result of `work`, which must leave this thread free.
async fn beside_this_thread<T>(work: impl Future<Output = T>) -> T {
    let turns = async {
        for _ in 0..TURNS {
            yield_now().await;
        }
    };
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        _ = &mut work => panic!("the work ran on this thread"),
        () = turns => work.await,
    }
}

fn content() -> Plaintext {
    Plaintext::parse("x".repeat(BYTES)).unwrap()
}

#[actix_web::test]
async fn a_large_content_is_sealed_beside_the_thread_that_serves() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(&folder, BYTES);
    let time_to_live = TimeToLive { hours: None, duration: Duration::from_hours(1) };
    let seal = Seal {
        content: content(),
        time_to_live,
        passphrase: None,
        wants_receipt: false,
        key: None,
    };
    beside_this_thread(state.crypto.seal(seal)).await.unwrap();
}

#[actix_web::test]
async fn a_large_content_is_opened_beside_the_thread_that_serves() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(&folder, BYTES);
    let issued = Issued::generate(Timestamp::from_millis(0), false).unwrap();
    let sealed = Roots::derive(&keys()).seal(&issued, &content(), None).unwrap();
    let presented = Arc::new(Presented { token: issued.token, key: None });
    let open = Open { presented, secret: sealed.secret, unlock: None };
    let opened = beside_this_thread(state.crypto.open(open)).await.unwrap();
    assert_eq!(opened.expose_text().len(), BYTES);
}

#[actix_web::test]
async fn a_large_body_is_parsed_beside_the_thread_that_serves() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(&folder, PARSED_BYTES);
    let app = App::new().wrap(from_fn(frame)).configure(|config| routes(state, config));
    let app = init_service(app).await;
    let body = format!("{{\"content\": \"{}\"}} and something behind it", "x".repeat(PARSED_BYTES));
    let request = TestRequest::post().uri("/api/v1/secrets");
    let request = request.insert_header(("Content-Type", "application/json")).set_payload(body);
    let answer = beside_this_thread(call_service(&app, request.to_request())).await;
    assert_eq!(answer.status(), 400);
}
