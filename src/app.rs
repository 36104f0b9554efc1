//! The assembly: opens the store, starts the actors, binds the address, serves, and stops it all in
//! order. Production and tests run the same one.

mod server;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use actix::{Actor as _, Addr};
use actix_web::dev::Server;
use actix_web::rt::{self, task::JoinError};
use tokio::sync::{Semaphore, watch};

use crate::chain::Chain;
use crate::clock::Clock;
use crate::config::Settings;
use crate::crypto::{CryptoActor, Pools};
use crate::http::{self, State};
use crate::janitor::JanitorActor;
use crate::key::SecretKeys;
use crate::metrics::HttpMetrics;
use crate::rate::Limiter;
use crate::seal::Roots;
use crate::store::sqlite::{DatabaseError, Ended, StoreActor};
use crate::store::{Store, StoreError};
use crate::survey::warn_of_strangers;
use crate::tls::{Certificates, TlsError};

/// The service, bound to its address and ready to run.
pub struct Application {
    server: Server,
    address: SocketAddr,
    store: Store,
    ended: Ended,
    stopping: watch::Sender<bool>,
    _janitor: Addr<JanitorActor>,
    metrics: Option<(Server, SocketAddr)>,
}

/// Why the service does not start, or why it stopped. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The database does not open.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The address cannot be listened on.
    #[error("server.bind: cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address of the metrics cannot be listened on.
    #[error("metrics.bind: cannot listen on {address}: {source}")]
    BindMetrics {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The HTTP server failed.
    #[error("the HTTP server failed: {0}")]
    Server(io::Error),
    /// The store ended without having been asked to.
    #[error("the store ended unasked; what it was doing may be done, or not")]
    StoreEnded,
    /// The store did not close in good order.
    #[error("the store did not close: {}", Chain(.0))]
    Close(#[source] StoreError),
}

impl Application {
    /// Opens the store and binds the address; to be called inside an actix system.
    ///
    /// # Errors
    ///
    /// [`AppError::Tls`], [`AppError::Database`], [`AppError::Bind`] and [`AppError::BindMetrics`].
    pub fn build(settings: Settings, keys: &SecretKeys, clock: Clock) -> Result<Self, AppError> {
        let settings = Arc::new(settings);
        let certificates = Certificates::read(&settings.server)?.map(Arc::new);
        let (path, mailbox) = (&settings.store.path, settings.server.mailbox);
        let rules = settings.as_ref().into();
        let (store, ended) = StoreActor::start(path, rules, clock.clone(), mailbox)?;
        let roots = Arc::new(Roots::derive(keys));
        let stopping = watch::Sender::new(false);
        let limits = &settings.limits;
        let shared = Shared {
            pools: Pools::new(settings.passphrases),
            seats: Arc::new(Semaphore::new(settings.receipts.max_waiting)),
            bodies: Arc::new(Semaphore::new(limits.body_bytes)),
            limiter: http::limiter(limits.requests_per_second, limits.burst).map(Arc::new),
            stopping: stopping.subscribe(),
            settings: Arc::clone(&settings),
            roots: Arc::clone(&roots),
            store: store.clone(),
            clock: clock.clone(),
            metrics: HttpMetrics::new(&store.metrics().registry),
        };
        let registry = &store.metrics().registry;
        let bind_metrics = |address| server::bind_metrics(address, registry.clone(), limits);
        let metrics = settings.metrics.bind.map(bind_metrics).transpose()?;
        let (server, address) = server::bind(shared, certificates.as_ref())?;
        let janitor = JanitorActor::new(store.clone(), clock, settings.purge_interval()).start();
        rt::spawn(warn_of_strangers(store.clone(), roots.key_ids()));
        if let Some(certificates) = &certificates {
            certificates.follow();
        }
        Ok(Self { server, address, store, ended, stopping, _janitor: janitor, metrics })
    }

    /// The address that was bound, with the port taken where 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the metrics, if they are told.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(_server, address)| *address)
    }

    /// The way to its store.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Serves until `stop` resolves, then finishes what is under way and closes the store.
    ///
    /// # Errors
    ///
    /// [`AppError`] if it stopped for another reason, or not in good order.
    pub async fn run_until_stopped(
        mut self,
        stop: impl Future<Output = ()>,
    ) -> Result<(), AppError> {
        let metrics = self.metrics.take().map(|(server, _address)| {
            let handle = server.handle();
            rt::spawn(server);
            handle
        });
        let outcome = self.serve_until_stopped(stop).await;
        if let Some(metrics) = metrics {
            metrics.stop(false).await;
        }
        outcome
    }

    async fn serve_until_stopped(self, stop: impl Future<Output = ()>) -> Result<(), AppError> {
        let handle = self.server.handle();
        let mut server = rt::spawn(self.server);
        let has_store = tokio::select! {
            () = stop => {
                log::info!("stopping");
                true
            }
            _ = self.ended => false,
            ended = &mut server => return Err(AppError::Server(cause_of(ended))),
        };
        self.stopping.send_replace(true);
        // Also without a store: whoever waits for it is told, and answers on their way arrive.
        handle.stop(true).await;
        if !has_store {
            return Err(AppError::StoreEnded);
        }
        self.store.close().await.map_err(AppError::Close)
    }
}

/// Why a server ended that nobody asked to.
fn cause_of(ended: Result<io::Result<()>, JoinError>) -> io::Error {
    let ended = ended.map_err(io::Error::other).flatten();
    ended.err().unwrap_or_else(|| io::Error::other("it ended unasked"))
}

/// What the HTTP workers share.
#[derive(Clone)]
struct Shared {
    settings: Arc<Settings>,
    roots: Arc<Roots>,
    pools: Pools,
    store: Store,
    clock: Clock,
    seats: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
    limiter: Option<Arc<Limiter>>,
    metrics: HttpMetrics,
}

impl Shared {
    /// The state of a worker, on its thread.
    fn state(&self) -> State {
        let Self { roots, pools, settings, clock, .. } = self.clone();
        let crypto = CryptoActor::start(roots, pools, clock.clone(), settings.server.mailbox);
        State {
            settings,
            store: self.store.clone(),
            crypto,
            clock,
            seats: Arc::clone(&self.seats),
            bodies: Arc::clone(&self.bodies),
            stopping: self.stopping.clone(),
            documents: OnceLock::new(),
            limiter: self.limiter.clone(),
            metrics: self.metrics.clone(),
        }
    }
}
