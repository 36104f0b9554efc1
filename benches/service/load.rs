//! A closed loop: each connection sends its next request after the previous response. One thread drives
//! all connections, to leave the server most of the machine.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future;
use hdrhistogram::Histogram;
use hyper::body::Bytes;

use crate::Outcome;
use crate::client::{self, Call, Connection};
use crate::common::times::{self, histogram};

/// The connections of a load and the server that they lead to.
#[derive(Clone, Copy)]
pub(crate) struct Connections {
    pub(crate) address: SocketAddr,
    pub(crate) count: u64,
}

/// The result of a load.
pub(crate) struct Run {
    pub(crate) elapsed: Duration,
    /// Nanoseconds from each request to the end of its response.
    pub(crate) latency: Histogram<u64>,
}

impl Run {
    pub(crate) fn requests(&self) -> u64 {
        self.latency.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.requests() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this fraction of the requests did not exceed, in milliseconds.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        times::quantile(&self.latency, part)
    }
}

/// Creates secrets of `bytes` bytes for a time. Also returns their tokens, in the order of creation.
pub(crate) async fn create(
    connections: Connections,
    bytes: usize,
    time: Duration,
) -> Outcome<(Run, Vec<String>)> {
    let body = client::body(bytes);
    let end = Instant::now() + time;
    let tokens = RefCell::new(Vec::new());
    let next = || (Instant::now() < end).then(|| client::creation(&body));
    let done = |response: &Bytes| tokens.borrow_mut().extend(client::token(response));
    let run = closed_loop(connections, &next, &done).await?;
    Ok((run, tokens.into_inner()))
}

/// Views each of these secrets once, while `keep_going` returns true.
pub(crate) async fn view(
    connections: Connections,
    tokens: impl Iterator<Item = String>,
    keep_going: impl Fn() -> bool,
) -> Outcome<Run> {
    let tokens = RefCell::new(tokens);
    let next = || {
        let token = keep_going().then(|| tokens.borrow_mut().next()).flatten();
        token.map(|token| client::view(&token))
    };
    closed_loop(connections, &next, &|_response| ()).await
}

/// Creates secrets of `bytes` bytes until `end`, and views each right after its creation.
pub(crate) async fn create_and_view(
    connections: Connections,
    bytes: usize,
    end: Instant,
) -> Outcome<Run> {
    let body = client::body(bytes);
    let tokens = RefCell::new(Vec::new());
    let next = || {
        let token = tokens.borrow_mut().pop();
        let request =
            || token.map_or_else(|| client::creation(&body), |it: String| client::view(&it));
        (Instant::now() < end).then(request)
    };
    let done = |response: &Bytes| tokens.borrow_mut().extend(client::token(response));
    closed_loop(connections, &next, &done).await
}

/// Sends the requests that `next` returns until it returns `None`. Passes each response to `done`.
async fn closed_loop(
    connections: Connections,
    next: &impl Fn() -> Option<Call>,
    done: &impl Fn(&Bytes),
) -> Outcome<Run> {
    let opening = (0..connections.count).map(|_connection| client::connect(connections.address));
    let connections = future::try_join_all(opening).await?;
    let latency = RefCell::new(histogram()?);
    let client = async |mut connection: Connection| -> Outcome<()> {
        while let Some(request) = next() {
            let sent = Instant::now();
            let response = client::expect(&mut connection, request).await?;
            let nanoseconds = u64::try_from(sent.elapsed().as_nanos())?;
            latency.borrow_mut().saturating_record(nanoseconds);
            done(&response);
        }
        Ok(())
    };
    let started = Instant::now();
    future::try_join_all(connections.into_iter().map(client)).await?;
    Ok(Run { elapsed: started.elapsed(), latency: latency.into_inner() })
}
