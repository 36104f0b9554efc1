//! The HTTP server: listens, and serves the API and the pages over connections with limits. Each worker
//! has a thread of its own and an equal share of the connection limit.

use std::future::{poll_fn, ready};
use std::io;
use std::mem;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive};
use actix_service::{ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use prometheus::Registry;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::AppError;
use super::connection::{Connection, Stream, Timeouts, UNSENT};
use super::tls::{Certificates, shake_hands};
use crate::config::Limits;
use crate::http::{self, AppState, SharedState};
use crate::metrics;

/// Seconds that running requests have to finish when the service stops: fewer than the ten after which
/// container engines kill it.
const SHUTDOWN_SECONDS: u64 = 8;
/// Minimum listen backlog. A client that the kernel turns away retries only after one second, then two,
/// then four.
const MIN_BACKLOG: usize = 1_024;
/// Connections to the metrics: more than scrapers need, and a small part of the open-file limit.
const METRICS_CONNECTIONS: usize = 16;
/// How long unwanted input is drained before closing, so that the client can read the answer.
const LINGER: Duration = Duration::from_secs(3);

/// Binds the address. Returns the server, which serves once it is polled, and the bound address. With
/// `certificates` it speaks TLS.
pub(super) fn bind(
    shared: &Arc<SharedState>,
    state: impl Fn() -> AppState + Clone + Send + 'static,
    certificates: Option<&Arc<Certificates>>,
) -> Result<(Server, SocketAddr), AppError> {
    let settings = &shared.settings;
    let (address, workers) = (settings.server.bind, settings.workers());
    let connections = settings.limits.connections;
    let acceptor = certificates.map(Certificates::acceptor).transpose()?;
    let refuse = |source| AppError::Bind("server.bind", address, source);
    let listener = listen(address, connections).map_err(refuse)?;
    let bound = listener.local_addr().map_err(refuse)?;
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections / workers)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals();
    let server = match acceptor {
        None => server.listen("http", listener, move || service(state(), |tcp| ready(Ok(tcp)))),
        Some(acceptor) => {
            let (time, stopping) = (timeouts(settings.limits).head, shared.stopping.clone());
            server.listen("https", listener, move || {
                let (acceptor, stopping) = (acceptor.clone(), stopping.clone());
                service(state(), move |tcp| {
                    shake_hands(acceptor.clone(), tcp, time, stopped(stopping.clone()))
                })
            })
        }
    };
    Ok((server.map_err(refuse)?.run(), bound))
}

/// Binds the metrics' address. Returns a server for metrics alone, and the bound address.
pub(super) fn bind_metrics(
    address: SocketAddr,
    registry: Registry,
    limits: &Limits,
) -> Result<(Server, SocketAddr), AppError> {
    metrics::show_dropped_log_lines(&registry);
    let Timeouts { keep_alive, head, send, .. } = timeouts(*limits);
    let refuse = |source| AppError::Bind("metrics.bind", address, source);
    let listener = listen(address, METRICS_CONNECTIONS).map_err(refuse)?;
    // The kernel's timer may also cut off slow readers that make progress, but scrapers retry.
    SockRef::from(&listener).set_tcp_user_timeout(Some(send)).map_err(refuse)?;
    let bound = listener.local_addr().map_err(refuse)?;
    let server = HttpServer::new(move || {
        let registry = registry.clone();
        App::new()
            .wrap(from_fn(http::frame))
            .configure(|config| http::metrics_routes(registry, config))
    });
    let server = server.workers(1).keep_alive(keep_alive).client_request_timeout(head);
    let server = server.max_connections(METRICS_CONNECTIONS).disable_signals().listen(listener);
    Ok((server.map_err(refuse)?.run(), bound))
}

/// Listens with a backlog of at least `connections`, as far as the kernel allows it. Accepted sockets
/// inherit the listener's options.
fn listen(address: SocketAddr, connections: usize) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    let backlog = i32::try_from(connections.max(MIN_BACKLOG)).unwrap_or(i32::MAX);
    let socket = SockRef::from(&listener);
    socket.set_tcp_notsent_lowat(UNSENT)?;
    socket.listen(backlog)?;
    Ok(listener)
}

/// Serves the connections of one worker. `open` turns a TCP stream into a plain or TLS one.
fn service<O, F, S>(
    state: AppState,
    open: O,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()>
+ use<O, F, S>
where
    O: Fn(TcpStream) -> F + Clone + 'static,
    S: Stream + 'static,
    F: Future<Output = io::Result<S>> + 'static,
{
    let (limits, stopping) = (state.settings.limits, state.stopping.clone());
    let app = App::new().wrap(from_fn(http::frame)).configure(|config| http::routes(state, config));
    let http = HttpService::build()
        .graceful_shutdown_signal(move || stopped(stopping.clone()))
        // A client that has closed its side counts as gone: no secret is consumed for it any more.
        .h1_allow_half_closed(false)
        .keep_alive(KeepAlive::Os)
        .client_request_timeout(timeouts(limits).head)
        .on_connect_ext(|connection: &Connection<S>, extensions| {
            extensions.insert(connection.requests().clone());
        })
        .h1(map_config(app, |()| AppConfig::default()));
    fn_service(move |tcp: TcpStream| {
        let peer = tcp.peer_addr().ok();
        let opening = open(tcp);
        async move { Ok((Connection::new(opening.await?, timeouts(limits)), peer)) }
    })
    .and_then(http)
}

/// Waits until the service stops. Connections poll this with every event, so it registers their task once
/// and then compares a number: the channel's lock is shared by all workers.
fn stopped(mut stopping: watch::Receiver<bool>) -> impl Future<Output = ()> {
    let watched = stopping.clone();
    let mut stop =
        Box::pin(async move { drop(stopping.wait_for(|is_stopping| *is_stopping).await) });
    let mut is_registered = false;
    poll_fn(move |context| {
        let is_running = watched.has_changed().is_ok_and(|has_changed| !has_changed);
        if mem::replace(&mut is_registered, true) && is_running {
            return Poll::Pending;
        }
        stop.as_mut().poll(context)
    })
}

const fn timeouts(limits: Limits) -> Timeouts {
    Timeouts {
        keep_alive: Duration::from_secs(limits.keep_alive_seconds),
        head: Duration::from_secs(limits.head_seconds),
        send: Duration::from_secs(limits.send_seconds),
        linger: LINGER,
    }
}
