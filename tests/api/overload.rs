//! Overload answers: at once, and without losing what was acknowledged.

use futures_util::future::join_all;
use reqwest::Response;
use serde_json::json;

use crate::expect_problem;
use crate::support::{document, spawn_app_with};

#[actix_web::test]
async fn a_full_queue_answers_busy_and_loses_nothing_acknowledged() {
    let app = spawn_app_with(|settings| settings.server.mailbox = 1);
    let body = json!({ "content": "x" });
    let answers = join_all((0..400).map(|_| app.post("/api/v1/secrets", &body))).await;
    let (stored, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status() == 201);
    assert!(!refused.is_empty(), "the queue was never full");
    for answer in refused {
        assert_eq!(answer.headers()["retry-after"], "1");
        expect_problem(answer, 503, "busy").await;
    }
    for answer in stored {
        let token = document(answer).await["token"].as_str().unwrap().to_owned();
        assert_eq!(app.view(&token).await.status(), 200);
    }
}

#[actix_web::test]
async fn a_busy_service_is_healthy() {
    let app = spawn_app_with(|settings| settings.server.mailbox = 1);
    let body = json!({ "content": "x" });
    let flood = join_all((0..400).map(|_| app.post("/api/v1/secrets", &body)));
    let (answers, health) =
        futures_util::future::join(flood, join_all((0..20).map(|_| app.get("/health")))).await;
    let is_busy = |answer: &Response| answer.status() == 503;
    assert!(answers.iter().any(is_busy), "the queue was never full");
    assert!(health.iter().all(|answer| answer.status() == 200));
}
