//! Secret keys: a wrong one destroys nothing, an older one still opens.

use viewonce::key::{SecretKey, SecretKeys};

use crate::support::{document, spawn_app, spawn_app_with_keys};

fn keys(current: &str, previous: &[&str]) -> SecretKeys {
    let key = |text: &str| SecretKey::from_bytes(text.as_bytes().to_vec());
    SecretKeys { current: key(current), previous: previous.iter().map(|text| key(text)).collect() }
}

#[actix_web::test]
async fn a_wrong_key_finds_nothing_and_destroys_nothing() {
    let app = spawn_app();
    let token = app.store("x").await;
    let app = spawn_app_with_keys(app.stop().await, &keys("another key", &[]));
    for response in [app.view(&token).await, app.burn(&token).await, app.reveal(&token).await] {
        assert_eq!(response.status(), 404);
    }
    let app = spawn_app_with_keys(app.stop().await, &crate::support::keys());
    assert_eq!(document(app.view(&token).await).await["content"], "x");
}

#[actix_web::test]
async fn a_secret_opens_under_any_previous_key() {
    let first = spawn_app_with_keys(tempfile::tempdir().unwrap(), &keys("first", &[]));
    let oldest = first.store("oldest").await;
    let second = spawn_app_with_keys(first.stop().await, &keys("second", &["first"]));
    let older = second.store("older").await;
    let third = spawn_app_with_keys(second.stop().await, &keys("third", &["second", "first"]));
    let newest = third.store("newest").await;
    for (token, content) in [(&newest, "newest"), (&older, "older"), (&oldest, "oldest")] {
        assert!(third.is_available(token).await);
        assert_eq!(document(third.view(token).await).await["content"], content);
        assert_eq!(third.view(token).await.status(), 404);
    }
}
