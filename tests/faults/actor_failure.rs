//! Panicking actors, a system that starts no threads, and a store with the shortest queue.

use futures_util::future::join_all;
use serde_json::json;
use tempfile::TempDir;

use crate::client::{Effect, ask, is_healthy, post, view};
use crate::fault_injection::{FaultInjector, panics};
use crate::process::Service;
use crate::unread::{SOON, overflow_log, start_unread};
use crate::workload::Workload;

/// Bytes of a content that is large enough for a thread of its own.
const LARGE: usize = 65_530;
/// Number of concurrent requests, and of rounds.
const CALLERS: usize = 32;
const ROUNDS: usize = 100;

/// Waits until a server has stopped because of this actor; returns its folder.
fn expect_end(service: Service, actor: &str) -> TempDir {
    let (status, log, folder) = service.wait();
    assert_eq!(status.code(), Some(1), "{log}");
    let last = format!(
        "viewonce: the {actor} stopped unexpectedly; requests in progress may or may not have completed\n"
    );
    assert!(log.ends_with(&last), "{log}");
    assert_eq!(log.lines().filter(|line| line.starts_with("viewonce: ")).count(), 1, "{log}");
    folder
}

#[actix_web::test]
async fn a_store_that_panics_ends_the_server_and_loses_nothing() {
    let injector = FaultInjector::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| injector.under(command));
    let mut done = Workload::prepare(&service).await;
    done.attempt(&service).await;
    assert!(done.is_all(Effect::Done));
    let token = service.store("x").await.unwrap();
    injector.panic(panics::STORE);
    assert_eq!(ask(view(&service, &token)).await.effect(), Effect::Unknown);
    let folder = expect_end(service, "store");
    let service = Service::start(folder, |command| injector.under(command));
    // The store panicked before it ran the view.
    assert_eq!(service.view(&token).await.as_deref(), Some("x"));
    done.finish(&service).await;
}

#[actix_web::test]
async fn a_fault_ends_the_server_with_every_line_in_its_log() {
    let injector = FaultInjector::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| injector.under(command));
    let token = service.store("x").await.unwrap();
    let pages = join_all((0..CALLERS).map(|_| service.client.get(service.url("/s")).send())).await;
    assert!(pages.into_iter().all(|page| page.unwrap().status() == 200));
    injector.panic(panics::STORE);
    assert_eq!(ask(view(&service, &token)).await.effect(), Effect::Unknown);
    let (_status, log, _folder) = service.wait();
    let lines = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert_eq!(lines("viewonce::access: request"), CALLERS + 2, "{log}");
    assert_eq!([lines("internal error (panic)"), lines("viewonce: the store stopped")], [1, 1]);
}

#[actix_web::test]
async fn a_fault_ends_the_server_although_nobody_reads_its_log() {
    let injector = FaultInjector::new();
    let (mut service, metrics) = start_unread(|command| injector.under(command));
    let token = service.store("x").await.unwrap();
    overflow_log(&service, &metrics).await;
    injector.panic(panics::STORE);
    assert_eq!(ask(view(&service, &token)).await.effect(), Effect::Unknown);
    assert_eq!(service.exit_within(SOON).code(), Some(1));
    service.leave_unread(false);
}

#[actix_web::test]
async fn a_crypto_actor_that_panics_ends_the_server_and_loses_nothing() {
    let injector = FaultInjector::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| injector.under(command));
    let token = service.store("x").await.unwrap();
    // Another task on such a thread may read the clock first.
    let creation = json!({ "content": "y" });
    loop {
        injector.panic(panics::OTHER);
        let answer = ask(post(&service, "/api/v1/secrets", &creation)).await;
        if answer.problem() == Some("stopping") {
            break;
        }
    }
    let folder = expect_end(service, "crypto actor");
    let service = Service::start(folder, |command| command);
    assert_eq!(service.view(&token).await.as_deref(), Some("x"));
}

#[actix_web::test]
async fn a_janitor_that_panics_ends_the_server_and_loses_nothing() {
    let injector = FaultInjector::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| {
        injector.under(command).env("VIEWONCE_JANITOR__INTERVAL_SECONDS", "1")
    });
    let token = service.store("x").await.unwrap();
    injector.panic(panics::MAIN);
    let folder = expect_end(service, "janitor");
    let service = Service::start(folder, |command| command);
    assert_eq!(service.view(&token).await.as_deref(), Some("x"));
}

#[actix_web::test]
async fn a_server_that_cannot_start_threads_loses_nothing() {
    let injector = FaultInjector::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| injector.under(command));
    // The server's own threads have started when it answers.
    assert!(is_healthy(&service).await);
    injector.start_no_threads();
    let content = "x".repeat(LARGE);
    for creation in
        [json!({ "content": content }), json!({ "content": content, "passphrase": "open" })]
    {
        let token = ask(post(&service, "/api/v1/secrets", &creation)).await.text("token").unwrap();
        let reveal = json!({ "token": token, "passphrase": "open" });
        let answer = ask(post(&service, "/api/v1/reveal", &reveal)).await;
        assert_eq!(answer.text("content").as_deref(), Some(&*content), "{answer:?}");
    }
}

/// Sends many requests at once until the queue has been full; returns the stored secrets.
async fn overload(service: &Service) -> Vec<String> {
    let mut stored = Vec::new();
    let mut busy = 0;
    for _ in 0..ROUNDS {
        let requests =
            (0..CALLERS).map(|_| ask(post(service, "/api/v1/secrets", &json!({ "content": "x" }))));
        for answer in join_all(requests).await {
            match answer.text("token") {
                Some(token) => stored.push(token),
                None => assert_eq!((answer.status, answer.problem()), (503, Some("busy"))),
            }
            busy += usize::from(answer.status == 503);
        }
        assert!(is_healthy(service).await);
        if busy > 0 && stored.len() > CALLERS {
            return stored;
        }
    }
    unreachable!("the queue is never full")
}

#[actix_web::test]
async fn a_queue_of_one_refuses_and_loses_nothing() {
    let service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("VIEWONCE_SERVER__MAILBOX", "1")
    });
    let stored = overload(&service).await;
    let views = join_all(stored.iter().map(|token| ask(view(&service, token)))).await;
    let refused = stored.iter().zip(views).filter_map(|(token, answer)| {
        let is_seen = answer.text("content").is_some_and(|content| content == "x");
        assert!(is_seen || answer.problem() == Some("busy"), "{answer:?}");
        (!is_seen).then_some(token)
    });
    for token in refused {
        // Sequential requests always fit into the queue.
        assert_eq!(service.view(token).await.as_deref(), Some("x"));
    }
    for token in &stored {
        assert_eq!(ask(view(&service, token)).await.status, 404);
    }
}
