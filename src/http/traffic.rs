//! [`Traffic`]: what is asked and how it is answered, counted by route, method and status. None of
//! these is text of a client's: what is not known here counts as `other`.

use std::iter;
use std::time::Duration;

use actix_web::http::Method;

use crate::meter::{Counter, Histogram, TIMES};

/// What is not among those that are counted apart.
pub(super) const OTHER: &str = "other";
/// The routes, as they stand in the route table.
const ROUTES: [&str; 15] = [
    "/api/v1/secrets",
    "/api/v1/secrets/{token}",
    "/api/v1/reveal",
    "/api/v1/acknowledge",
    "/api/v1/status",
    "/api/v1/receipts/{receipt}",
    "/health",
    "/",
    "/s",
    "/assets/{name}",
    "/problems/{name}",
    "/openapi.json",
    "/docs",
    "/docs/{name}",
    "/redoc",
];
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const STATUSES: [u16; 19] =
    [200, 201, 204, 303, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 499, 500, 503, 507];

/// The name of a method that there is; what else a client may write there is its own.
pub(super) fn method(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER)
}

/// All requests that were answered, or whose senders left.
#[derive(Debug)]
pub struct Traffic {
    /// Of each route, and then of others: of each method, and then of others.
    flows: Vec<Flow>,
}

/// The requests of one route by one method.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) route: &'static str,
    pub(super) method: &'static str,
    /// Of each status, and then of others.
    answers: [Counter; STATUSES.len() + 1],
    pub(super) times: Histogram,
}

impl Default for Traffic {
    fn default() -> Self {
        let flows = with_other(&ROUTES).flat_map(|route| {
            with_other(&METHODS).map(move |method| Flow {
                route,
                method,
                answers: Default::default(),
                times: Histogram::new(TIMES),
            })
        });
        Self { flows: flows.collect() }
    }
}

fn with_other(names: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    names.iter().copied().chain([OTHER])
}

impl Traffic {
    /// Counts a request and how long it took.
    pub(super) fn note(&self, [route, method]: [&str; 2], status: u16, took: Duration) {
        let place = |names: &[&str], name| {
            names.iter().position(|known| *known == name).unwrap_or(names.len())
        };
        let flow = place(&ROUTES, route) * (METHODS.len() + 1) + place(&METHODS, method);
        let answer = STATUSES.binary_search(&status).unwrap_or(STATUSES.len());
        if let Some(flow) = self.flows.get(flow) {
            flow.answers[answer].add(1);
            flow.times.observe_time(took);
        }
    }

    /// Those in which there was a request.
    pub(super) fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.flows.iter().filter(|flow| flow.answers().next().is_some())
    }
}

impl Flow {
    /// Each status that was answered, and how often.
    pub(super) fn answers(&self) -> impl Iterator<Item = (Option<u16>, u64)> {
        let statuses = STATUSES.into_iter().map(Some).chain(iter::once(None));
        statuses.zip(self.answers.iter().map(Counter::get)).filter(|(_status, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_counts_as_other() {
        let traffic = Traffic::default();
        let took = Duration::from_millis(1);
        traffic.note(["/s", "GET"], 200, took);
        traffic.note(["/s", "GET"], 200, took);
        traffic.note(["/s", "GET"], 299, took);
        traffic.note(["/not-there", "BREW"], 404, took);
        let flows: Vec<_> = traffic
            .flows()
            .map(|flow| (flow.route, flow.method, flow.answers().collect::<Vec<_>>()))
            .collect();
        let expected =
            [("/s", "GET", vec![(Some(200), 2), (None, 1)]), (OTHER, OTHER, vec![(Some(404), 1)])];
        assert_eq!(flows, expected);
    }

    #[test]
    fn every_status_is_found() {
        assert!(STATUSES.is_sorted());
    }
}
