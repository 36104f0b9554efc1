//! A closed loop: each connection sends its next request when the last is answered. One thread does
//! it all, so that it takes little from the server it shares a machine with.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future;
use hdrhistogram::Histogram;
use hyper::body::Bytes;

use crate::Outcome;
use crate::client::{self, Call, Connection};
use crate::common::times::{self, histogram};

/// Where a load goes, and over how many connections.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    pub(crate) address: SocketAddr,
    pub(crate) connections: u64,
}

/// What came of a load.
pub(crate) struct Run {
    pub(crate) elapsed: Duration,
    /// Nanoseconds from a request to its answer, of each request.
    pub(crate) latency: Histogram<u64>,
}

impl Run {
    pub(crate) fn requests(&self) -> u64 {
        self.latency.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.requests() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this part of the requests did not exceed, in milliseconds.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        times::quantile(&self.latency, part)
    }
}

/// Creates secrets of so many bytes for so long; returns their tokens in that order, too.
pub(crate) async fn create(way: Way, bytes: usize, time: Duration) -> Outcome<(Run, Vec<String>)> {
    let body = client::body(bytes);
    let end = Instant::now() + time;
    let tokens = RefCell::new(Vec::new());
    let next = || (Instant::now() < end).then(|| client::creation(&body));
    let done = |answer: &Bytes| tokens.borrow_mut().extend(client::token(answer));
    let run = closed_loop(way, &next, &done).await?;
    Ok((run, tokens.into_inner()))
}

/// Views the secrets of these tokens, each once, for as long as it `goes_on`.
pub(crate) async fn view(
    way: Way,
    tokens: impl Iterator<Item = String>,
    goes_on: impl Fn() -> bool,
) -> Outcome<Run> {
    let tokens = RefCell::new(tokens);
    let next = || {
        let token = goes_on().then(|| tokens.borrow_mut().next()).flatten();
        token.map(|token| client::view(&token))
    };
    closed_loop(way, &next, &|_answer| ()).await
}

/// Creates secrets of so many bytes until `end`, and views each as soon as it is there.
pub(crate) async fn create_and_view(way: Way, bytes: usize, end: Instant) -> Outcome<Run> {
    let body = client::body(bytes);
    let tokens = RefCell::new(Vec::new());
    let next = || {
        let token = tokens.borrow_mut().pop();
        let request =
            || token.map_or_else(|| client::creation(&body), |it: String| client::view(&it));
        (Instant::now() < end).then(request)
    };
    let done = |answer: &Bytes| tokens.borrow_mut().extend(client::token(answer));
    closed_loop(way, &next, &done).await
}

/// Sends what comes `next` until there is nothing, over so many connections.
async fn closed_loop(
    way: Way,
    next: &impl Fn() -> Option<Call>,
    done: &impl Fn(&Bytes),
) -> Outcome<Run> {
    let opening = (0..way.connections).map(|_connection| client::connect(way.address));
    let connections = future::try_join_all(opening).await?;
    let latency = RefCell::new(histogram()?);
    let client = async |mut connection: Connection| -> Outcome<()> {
        while let Some(request) = next() {
            let sent = Instant::now();
            let answer = client::expect(&mut connection, request).await?;
            let nanoseconds = u64::try_from(sent.elapsed().as_nanos())?;
            latency.borrow_mut().saturating_record(nanoseconds);
            done(&answer);
        }
        Ok(())
    };
    let started = Instant::now();
    future::try_join_all(connections.into_iter().map(client)).await?;
    Ok(Run { elapsed: started.elapsed(), latency: latency.into_inner() })
}
