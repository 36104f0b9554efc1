//! Large contents are parsed, sealed and opened off the threads that serve requests.

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

/// Bytes whose processing takes a noticeable time.
const BYTES: usize = 1 << 20;
/// Bytes whose parsing takes a noticeable time; parsing is faster.
const PARSED_BYTES: usize = 10 << 20;
/// How often this thread must at least be free meanwhile. Work on this thread would leave it free only
/// two or three times.
const TURNS: usize = 10;

/// Returns the result of `work`, which must leave this thread free.
async fn off_this_thread<T>(work: impl Future<Output = T>) -> T {
    let yields = async {
        for _ in 0..TURNS {
            yield_now().await;
        }
    };
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        _ = &mut work => panic!("the work ran on this thread"),
        () = yields => work.await,
    }
}

fn content() -> Plaintext {
    Plaintext::parse("x".repeat(BYTES)).unwrap()
}

#[actix_web::test]
async fn a_large_content_is_sealed_off_the_serving_thread() {
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
    off_this_thread(state.crypto.seal(seal)).await.unwrap();
}

#[actix_web::test]
async fn a_large_content_is_opened_off_the_serving_thread() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(&folder, BYTES);
    let (issued, shred_key) = Issued::generate(Timestamp::from_millis(0), false).unwrap();
    let sealed = Roots::derive(&keys()).seal(&issued, shred_key, &content(), None).unwrap();
    let presented = Arc::new(Presented { token: issued.token, key: None });
    let open = Open { presented, secret: sealed.secret, unlock: None };
    let opened = off_this_thread(state.crypto.open(open)).await.unwrap();
    assert_eq!(opened.expose_bytes().len(), BYTES);
}

#[actix_web::test]
async fn a_large_body_is_parsed_off_the_serving_thread() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(&folder, PARSED_BYTES);
    let app = App::new().wrap(from_fn(frame)).configure(|config| routes(state, config));
    let app = init_service(app).await;
    let body = format!("{{\"content\": \"{}\"}} and something behind it", "x".repeat(PARSED_BYTES));
    let request = TestRequest::post().uri("/api/v1/secrets");
    let request = request.insert_header(("Content-Type", "application/json")).set_payload(body);
    let answer = off_this_thread(call_service(&app, request.to_request())).await;
    assert_eq!(answer.status(), 400);
}
