//! A store that panics, and one whose queue is as short as can be.

use futures_util::future::join_all;
use serde_json::json;

use crate::caller::{Told, ask, is_healthy, post, view};
use crate::layer::Layer;
use crate::mixture::Mixture;
use crate::process::Service;

/// How many ask at once, and how often.
const CALLERS: usize = 32;
const ROUNDS: usize = 100;

#[actix_web::test]
async fn a_store_that_panics_ends_the_server_and_loses_nothing() {
    let layer = Layer::new();
    let service = Service::start(tempfile::tempdir().unwrap(), |command| layer.under(command));
    let mut done = Mixture::prepare(&service).await;
    done.attempt(&service).await;
    assert!(done.is_all(Told::Done));
    let token = service.store("x").await.unwrap();
    layer.panic_store();
    assert_eq!(ask(view(&service, &token)).await.told(), Told::Unknown);
    let (status, log, folder) = service.wait();
    assert_eq!(status.code(), Some(1), "{log}");
    let last = "viewonce: the store ended unasked; what it was doing may be done, or not\n";
    assert!(log.ends_with(last), "{log}");
    assert_eq!(log.lines().filter(|line| line.starts_with("viewonce: ")).count(), 1, "{log}");
    let service = Service::start(folder, |command| layer.under(command));
    // It panicked before it began with that.
    assert_eq!(service.view(&token).await.as_deref(), Some("x"));
    done.finish(&service).await;
}

/// Has many ask at once, until the queue has been full; returns what was stored.
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
        // One after the other, there is always room.
        assert_eq!(service.view(token).await.as_deref(), Some("x"));
    }
    for token in &stored {
        assert_eq!(ask(view(&service, token)).await.status, 404);
    }
}
