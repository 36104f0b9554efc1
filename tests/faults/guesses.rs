//! Passphrases on a disk that fails: a guess that cannot be counted is told nothing.

use serde_json::json;

use crate::caller::{Answer, ask, post, until_healthy};
use crate::layer::{Fault, Layer, calls, files};
use crate::process::Service;

const PASSPHRASE: &str = "open sesame";

async fn guess(service: &Service, token: &str, passphrase: &str) -> Answer {
    let body = json!({ "token": token, "passphrase": passphrase });
    ask(post(service, "/api/v1/reveal", &body)).await
}

#[actix_web::test]
async fn a_guess_that_cannot_be_counted_is_told_nothing() {
    let layer = Layer::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| layer.under(command));
    let body = json!({ "content": "x", "passphrase": PASSPHRASE });
    let token = ask(post(&service, "/api/v1/secrets", &body)).await.text("token").unwrap();
    let wrong = guess(&service, &token, "open says me").await;
    assert_eq!(wrong.document["attempts_left"], 9);
    layer.fail(Fault::new(libc::ENOSPC, calls::WRITE, files::LOG));
    for passphrase in ["open says me", PASSPHRASE] {
        assert_eq!(guess(&service, &token, passphrase).await.problem(), Some("no-room"));
    }
    layer.mend();
    until_healthy(&service, true).await;
    let wrong = guess(&service, &token, "open says me").await;
    assert_eq!(wrong.document["attempts_left"], 8);
    let right = guess(&service, &token, PASSPHRASE).await;
    assert_eq!(right.text("content").as_deref(), Some("x"));
}
