//! Assembles the service: opens the store, starts the actors, binds the address, serves, and stops
//! everything in order. Production and tests run the same code.

pub mod connection;
pub(crate) mod hardening;
mod listener;
pub mod logging;
pub mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actix::{Actor as _, Addr};
use actix_web::dev::{Server, ServerHandle};
use actix_web::rt::{self, task::JoinError};
use tokio::sync::watch;

use crate::config::Settings;
use crate::crypto::format::Roots;
use crate::crypto::{Crypto, Pools};
use crate::domain::clock::Clock;
use crate::domain::secret_key::SecretKeys;
use crate::http::{AppState, SharedState};
use crate::janitor::JanitorActor;
use crate::runtime::lifeline::{Ended, Lifelines};
use crate::server::tls::{Certificates, TlsError};
use crate::store::sqlite::{DatabaseError, StoreActor};
use crate::store::survey::{count_living, warn_of_unknown_keys};
use crate::store::{Close, Store, StoreError};

/// The store actor's name.
const STORE: &str = "store";

/// The service, bound to its address and ready to run.
pub struct Application {
    server: Server,
    address: SocketAddr,
    store: Store,
    ended: Ended,
    stopping: watch::Sender<bool>,
    _janitor: Addr<JanitorActor>,
    metrics: Option<(ServerHandle, SocketAddr)>,
}

/// Why the service did not start, or why it stopped. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The system cannot start more threads.
    #[error("cannot start threads for heavy work")]
    Threads(#[source] io::Error),
    /// The address in a setting cannot be listened on.
    #[error("{0}: cannot listen on {1}")]
    Bind(&'static str, SocketAddr, #[source] io::Error),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP server failed.
    #[error("the HTTP server failed")]
    Server(#[source] io::Error),
    /// An actor stopped unexpectedly.
    #[error("the {0} stopped unexpectedly; requests in progress may or may not have completed")]
    ActorEnded(&'static str),
    /// The store failed to close.
    #[error("the store did not close")]
    Close(#[source] StoreError),
}

impl Application {
    /// Opens the store and binds the address. Must be called inside an actix system.
    ///
    /// # Errors
    ///
    /// [`AppError::Tls`], [`AppError::Database`], [`AppError::Threads`] and [`AppError::Bind`].
    pub fn build(settings: Settings, keys: &SecretKeys, clock: Clock) -> Result<Self, AppError> {
        let settings = Arc::new(settings);
        let certificates = Certificates::read(&settings.server)?.map(Arc::new);
        let (path, mailbox) = (&settings.store.path, settings.server.mailbox);
        let rules = settings.as_ref().into();
        let (lifelines, ended) = Lifelines::new();
        let store = StoreActor::start(path, rules, clock.clone(), mailbox, lifelines.of(STORE))?;
        let roots = Arc::new(Roots::derive(keys));
        rt::spawn(warn_of_unknown_keys(store.clone(), roots.key_ids()));
        let stopping = watch::Sender::new(false);
        let pools =
            Pools::start(settings.passphrases, settings.workers()).map_err(AppError::Threads)?;
        let stop = stopping.subscribe();
        let shared = Arc::new(SharedState::new(&settings, &store, &clock, stop));
        let mut metrics = None;
        if let Some(address) = settings.metrics.bind {
            rt::spawn(count_living(store.clone()));
            let registry = store.metrics().registry.clone();
            let (server, address) = listener::bind_metrics(address, registry, &settings.limits)?;
            metrics = Some((server.handle(), address));
            rt::spawn(server);
        }
        let (interval, lifeline) = (settings.purge_interval(), lifelines.of("janitor"));
        let janitor = JanitorActor::new(store.clone(), clock.clone(), interval, lifeline);
        let workers = Arc::clone(&shared);
        let state = move || {
            let lifeline = lifelines.of("crypto actor");
            let crypto = Crypto::start(roots.clone(), clock.clone(), pools.clone(), lifeline);
            AppState { crypto, shared: Arc::clone(&workers) }
        };
        let (server, address) = listener::bind(&shared, state, certificates.as_ref())?;
        if let Some(certificates) = &certificates {
            certificates.follow();
        }
        Ok(Self { server, address, store, ended, stopping, _janitor: janitor.start(), metrics })
    }

    /// The bound address; if the setting has port 0, with the port that the system chose.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bound address of the metrics, if they are enabled.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(_server, address)| *address)
    }

    /// The handle of its store.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Serves until `stop` resolves, then finishes running requests and closes the store.
    ///
    /// # Errors
    ///
    /// [`AppError`] if it stopped for another reason, or if the store failed to close.
    pub async fn run_until_stopped(
        mut self,
        stop: impl Future<Output = ()>,
    ) -> Result<(), AppError> {
        let handle = self.server.handle();
        let mut server = rt::spawn(self.server);
        let ended = tokio::select! {
            () = stop => {
                log::info!("stopping");
                None
            }
            actor = self.ended.recv() => actor,
            ended = &mut server => return Err(AppError::Server(cause_of(ended))),
        };
        self.stopping.send_replace(true);
        // Also after the store has failed: waiting requests get an error, and answers in flight arrive.
        handle.stop(true).await;
        if let Some((metrics, _address)) = self.metrics {
            metrics.stop(false).await;
        }
        let closed = match ended {
            Some(STORE) => Ok(()),
            _ => self.store.insist(Close).await,
        };
        match ended {
            Some(actor) => Err(AppError::ActorEnded(actor)),
            None => closed.map_err(AppError::Close),
        }
    }
}

/// Why the HTTP server ended before it was stopped.
fn cause_of(ended: Result<io::Result<()>, JoinError>) -> io::Error {
    let ended = ended.map_err(io::Error::other).flatten();
    ended.err().unwrap_or_else(|| io::Error::other("it ended unexpectedly"))
}
