//! Passphrases on a failing disk: an attempt that cannot be counted gets no verdict.

use serde_json::json;

use crate::client::{Answer, ask, post, until_healthy};
use crate::fault_injection::{Fault, FaultInjector, calls, files};
use crate::process::Service;

const PASSPHRASE: &str = "open sesame";

async fn guess(service: &Service, token: &str, passphrase: &str) -> Answer {
    let body = json!({ "token": token, "passphrase": passphrase });
    ask(post(service, "/api/v1/reveal", &body)).await
}

#[actix_web::test]
async fn an_attempt_that_cannot_be_counted_gets_no_verdict() {
    let injector = FaultInjector::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| injector.under(command));
    let body = json!({ "content": "x", "passphrase": PASSPHRASE });
    let token = ask(post(&service, "/api/v1/secrets", &body)).await.text("token").unwrap();
    let wrong = guess(&service, &token, "open says me").await;
    assert_eq!(wrong.document["attempts_left"], 9);
    injector.fail(Fault::new(libc::ENOSPC, calls::WRITE, files::LOG));
    for passphrase in ["open says me", PASSPHRASE] {
        assert_eq!(guess(&service, &token, passphrase).await.problem(), Some("no-room"));
    }
    injector.mend();
    until_healthy(&service, true).await;
    let wrong = guess(&service, &token, "open says me").await;
    assert_eq!(wrong.document["attempts_left"], 8);
    let right = guess(&service, &token, PASSPHRASE).await;
    assert_eq!(right.text("content").as_deref(), Some("x"));
}
