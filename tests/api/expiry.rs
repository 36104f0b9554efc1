//! Expiry. The tests advance the clock instead of waiting.

use std::time::Duration;

use serde_json::json;

use crate::expect_problem;
use crate::support::{TestApp, document, spawn_app, spawn_app_in};

async fn store_for_an_hour(app: &TestApp) -> String {
    let body = json!({ "content": "x", "ttl_hours": 1 });
    let answer = document(app.post("/api/v1/secrets", &body).await).await;
    answer["token"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn an_expired_secret_is_gone_before_any_purge() {
    let app = spawn_app();
    let token = store_for_an_hour(&app).await;
    app.clock.advance(Duration::from_mins(55));
    assert!(app.is_available(&token).await);
    app.clock.advance(Duration::from_mins(5));
    expect_problem(app.status(&token).await, 404, "secret-not-found").await;
    expect_problem(app.burn(&token).await, 404, "secret-not-found").await;
    expect_problem(app.reveal(&token).await, 404, "secret-not-found").await;
    expect_problem(app.view(&token).await, 404, "secret-not-found").await;
}

#[actix_web::test]
async fn a_secret_survives_a_restart_and_is_viewed_once_after_it() {
    let app = spawn_app();
    let (kept, viewed) = (app.store("kept").await, app.store("viewed").await);
    assert_eq!(app.view(&viewed).await.status(), 200);
    let app = spawn_app_in(app.stop().await, |_default| {});
    assert_eq!(app.view(&viewed).await.status(), 404);
    assert_eq!(document(app.view(&kept).await).await["content"], "kept");
    assert_eq!(app.view(&kept).await.status(), 404);
}
