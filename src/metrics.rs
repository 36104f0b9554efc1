//! The metrics of the store and of HTTP. Each one is made here, with the name and the help text that
//! users see. Counting adds to an atomic, which for HTTP is looked up by its labels first.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Once};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    PullingGauge, Registry,
};

use crate::domain::clock::Clock;

/// Bounds of the histograms of times: from an access to memory to the longest wait for a receipt.
const SECONDS: [f64; 17] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];
/// Bounds of the histogram of batches.
const MESSAGES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];
/// No instant: nothing waits for a purge.
const NEVER: i64 = i64::MAX;

/// The metrics of a store. Of what becomes of secrets, it counts what has committed.
pub struct StoreMetrics {
    /// Where all metrics are registered that a scrape shows.
    pub registry: Registry,
    pub(crate) created: IntCounter,
    pub(crate) viewed: IntCounter,
    pub(crate) burned: IntCounter,
    pub(crate) locked: IntCounter,
    pub(crate) expired: IntCounter,
    pub(crate) refused: IntCounter,
    pub(crate) queue: IntGauge,
    pub(crate) batches: Histogram,
    pub(crate) commits: Histogram,
    pub(crate) failed: IntCounter,
    pub(crate) database_bytes: IntGauge,
    pub(crate) log_bytes: IntGauge,
    /// Shown once it is complete.
    pub(crate) living: IntGauge,
    is_living_shown: Once,
    /// When the next thing is to be purged, in milliseconds since the Unix epoch.
    due: Arc<AtomicI64>,
    clock: Clock,
    is_purge_lag_shown: Once,
}

impl StoreMetrics {
    /// Metrics in a registry of their own; `clock` tells how late a purge is.
    pub fn new(clock: Clock) -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help| {
            register(&registry, IntCounter::new(format!("viewonce_{name}_total"), help))
        };
        let gauge =
            |name: &str, help| register(&registry, IntGauge::new(format!("viewonce_{name}"), help));
        let histogram = |name: &str, help: &str, bounds: &[f64]| {
            let options = HistogramOpts::new(format!("viewonce_{name}"), help);
            register(&registry, Histogram::with_opts(options.buckets(bounds.to_vec())))
        };
        let (batch, commit) =
            ("Messages that were done as one transaction.", "Time that a COMMIT took.");
        let locked = "Secrets destroyed after too many wrong passphrases.";
        Self {
            created: counter("secrets_created", "Secrets stored."),
            viewed: counter("secrets_viewed", "Secrets handed out, but for repeats."),
            burned: counter("secrets_burned", "Secrets burned unseen."),
            locked: counter("secrets_locked", locked),
            expired: counter("secrets_expired", "Secrets purged that had expired."),
            refused: counter("secrets_refused", "Secrets not stored for want of room."),
            queue: gauge("store_queue_messages", "Messages in the queue of the store."),
            batches: histogram("store_batch_messages", batch, &MESSAGES),
            commits: histogram("store_commit_duration_seconds", commit, &SECONDS),
            failed: counter("store_commits_failed", "Transactions that failed."),
            database_bytes: gauge("store_database_bytes", "Bytes of the database file."),
            log_bytes: gauge("store_log_bytes", "Bytes of the write-ahead log."),
            living: valid(IntGauge::new(
                "viewonce_secrets_living",
                "Secrets in the store, also expired ones until they are purged. Absent until those \
                 are counted that were there at the start; after a commit of unknown outcome, off \
                 by what was in it until the next start.",
            )),
            is_living_shown: Once::new(),
            is_purge_lag_shown: Once::new(),
            due: Arc::new(AtomicI64::new(NEVER)),
            clock,
            registry,
        }
    }

    /// Shows how many secrets live: those of before the start are counted.
    pub(crate) fn show_living(&self) {
        self.is_living_shown.call_once(|| {
            register(&self.registry, Ok(self.living.clone()));
        });
    }

    /// Something was stored that is to be purged at `due`.
    pub(crate) fn falls_due(&self, due: i64) {
        self.due.fetch_min(due, Relaxed);
    }

    /// A purge has left something that is to be purged at `due`, or nothing. From the first purge on, it
    /// is shown how late the next one is.
    pub(crate) fn purged_until(&self, due: Option<i64>) {
        self.due.store(due.unwrap_or(NEVER), Relaxed);
        self.is_purge_lag_shown.call_once(|| {
            register(&self.registry, purge_lag(Arc::clone(&self.due), self.clock.clone()));
        });
    }
}

/// For how long something has been due by `clock`, as of each scrape.
fn purge_lag(due: Arc<AtomicI64>, clock: Clock) -> prometheus::Result<PullingGauge> {
    let seconds = move || {
        let lag = clock.read().settled.as_millis().saturating_sub(due.load(Relaxed));
        Duration::from_millis(lag.try_into().unwrap_or_default()).as_secs_f64()
    };
    PullingGauge::new(
        "viewonce_purge_lag_seconds",
        "Time for which something has been there that is to be purged, or 0. Absent until the first \
         purge; what was deleted otherwise counts until the next.",
        Box::new(seconds),
    )
}

/// The metrics of the requests. No label is a client's text: a route is one of the route table's
/// templates or `other`, a method a known one or `other`, and a status one of the service's own.
#[derive(Clone)]
pub struct HttpMetrics {
    requests: IntCounterVec,
    durations: HistogramVec,
}

impl HttpMetrics {
    /// Metrics in this registry.
    pub fn new(registry: &Registry) -> Self {
        let requests = Opts::new(
            "viewonce_http_requests_total",
            "Requests that were answered, or whose senders left (499); not what is no request.",
        );
        let durations = HistogramOpts::new(
            "viewonce_http_request_duration_seconds",
            "Time from a request's head to its answer, or to its sender's leaving.",
        );
        let durations = durations.buckets(SECONDS.to_vec());
        Self {
            requests: register(
                registry,
                IntCounterVec::new(requests, &["route", "method", "status"]),
            ),
            durations: register(registry, HistogramVec::new(durations, &["route", "method"])),
        }
    }

    /// Counts a request and how long it took.
    pub(crate) fn count(&self, route: &str, method: &str, status: u16, took: Duration) {
        self.requests.with_label_values(&[route, method, status.to_string().as_str()]).inc();
        self.durations.with_label_values(&[route, method]).observe(took.as_secs_f64());
    }
}

/// Has a scrape show a metric.
#[expect(clippy::expect_used, reason = "each has a name of its own")]
fn register<M: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<M>) -> M {
    let metric = valid(made);
    registry.register(Box::new(metric.clone())).expect("no other metric has this name");
    metric
}

#[expect(clippy::expect_used, reason = "names and bounds are written above")]
fn valid<M>(made: prometheus::Result<M>) -> M {
    made.expect("the name is valid, and the bounds rise")
}
