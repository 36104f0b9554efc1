//! The state of a service without its server, for tests that call the handlers themselves.

use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::watch;
use viewonce::crypto::format::Roots;
use viewonce::crypto::{Crypto, Pools};
use viewonce::domain::clock::Clock;
use viewonce::http::{AppState, SharedState};
use viewonce::runtime::lifeline::Lifelines;
use viewonce::store::sqlite::StoreActor;

use crate::support::{database, keys, settings};

/// The state of a service with its store in `folder` and this limit of contents.
pub(crate) fn state(folder: &TempDir, max_content_bytes: usize) -> AppState {
    let mut settings = settings(database(folder));
    settings.secrets.max_content_bytes = max_content_bytes;
    settings.limits.body_bytes = settings.secrets.max_escaped_bytes();
    let (clock, (lifelines, _ended)) = (Clock::default(), Lifelines::new());
    let rules = (&settings).into();
    let lifeline = lifelines.of("store");
    let path = &settings.store.path;
    let store = StoreActor::start(path, rules, clock.clone(), 16, lifeline).unwrap();
    let pools = Pools::start(settings.passphrases, 1).unwrap();
    let (_stop, stopping) = watch::channel(false);
    let shared = SharedState::new(&Arc::new(settings), &store, &clock, stopping);
    let roots = Arc::new(Roots::derive(&keys()));
    let crypto = Crypto::start(roots, clock, pools, lifelines.of("crypto actor"));
    AppState { shared: Arc::new(shared), crypto }
}
