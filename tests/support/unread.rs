//! Requests to a server whose log cannot be written, until it has dropped lines of it.

#![allow(dead_code, reason = "no test binary uses all of it")]

use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Client;

use crate::process::Service;

/// Requests at a time.
pub(crate) const CALLERS: usize = 32;
/// Requests whose lines are far more than a server keeps.
const MANY: u64 = 30_000;
/// How long the end of a server may take that waits a second for its log. Other tests share the machine.
pub(crate) const SOON: Duration = Duration::from_secs(5);
/// The metric of dropped lines, with the space behind its name.
const DROPPED: &str = "viewonce_log_lines_dropped_total ";
/// The warning that says how many lines were dropped, up to their number.
const WARNING: &str = "log lines dropped because standard error was full: ";

/// A client whose requests to a server that hangs fail.
pub(crate) fn client() -> Client {
    Client::builder().timeout(Duration::from_secs(20)).build().unwrap()
}

/// A server whose log is not read any more once it listens, and the URL of its metrics.
pub(crate) fn start_unread(change: impl FnOnce(&mut Command) -> &mut Command) -> (Service, String) {
    let mut service = Service::start(tempfile::tempdir().unwrap(), |command| {
        change(command).env("VIEWONCE_METRICS__BIND", "127.0.0.1:0")
    });
    service.client = client();
    let log = service.log();
    let metrics = log.lines().find_map(|line| line.split_once("metrics at ")).unwrap().1.to_owned();
    service.leave_unread(true);
    (service, metrics)
}

/// Sends requests to the service, until its metrics at this URL say that a line was dropped. Returns the
/// number of all requests.
pub(crate) async fn overflow_log(service: &Service, metrics: &str) -> u64 {
    let mut requests = 0;
    loop {
        for _ in 0..10 {
            let health = (0..CALLERS).map(|_| service.client.get(service.url("/health")).send());
            for answer in join_all(health).await {
                assert_eq!(answer.unwrap().status(), 200);
                requests += 1;
            }
        }
        requests += 1;
        assert!(requests < MANY, "the log takes every line");
        if dropped(service, metrics).await > 0 {
            return requests;
        }
    }
}

/// The number of dropped lines that the metrics at this URL tell.
pub(crate) async fn dropped(service: &Service, metrics: &str) -> u64 {
    let text = service.client.get(metrics).send().await.unwrap().text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(DROPPED)).unwrap();
    value.parse().unwrap()
}

/// The number of dropped lines that the log tells.
pub(crate) fn told_dropped(log: &str) -> u64 {
    let told = log.lines().filter_map(|line| line.split_once(WARNING));
    let digits =
        |rest: &str| rest.split(|it: char| !it.is_ascii_digit()).next()?.parse::<u64>().ok();
    told.map(|(_before, rest)| digits(rest).unwrap()).sum()
}
