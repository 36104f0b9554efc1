//! The metrics of the store and of HTTP, with the names and the help texts that users see. Counting
//! increments an atomic; for HTTP, a lookup by labels comes first.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Once};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    PullingGauge, Registry,
};

use crate::domain::clock::{Clock, Timestamp};

/// Bucket bounds of the time histograms, in seconds, up to the longest wait for a receipt.
const SECONDS: [f64; 17] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];
/// Bucket bounds of the batch size histogram.
const MESSAGES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];
/// The due time when nothing waits for a purge.
const NEVER: i64 = i64::MAX;

/// Log lines that were dropped, in this process.
pub(crate) static LOG_LINES_DROPPED: LazyLock<IntCounter> = LazyLock::new(|| {
    valid(IntCounter::new(
        "viewonce_log_lines_dropped_total",
        "Log lines dropped because standard error was not read, or its disk was full.",
    ))
});

/// Registers the number of dropped log lines.
pub(crate) fn show_dropped_log_lines(registry: &Registry) {
    register(registry, Ok(LOG_LINES_DROPPED.clone()));
}

/// The metrics of a store. Events of secrets are counted after their commit; refusals at once.
pub struct StoreMetrics {
    /// The registry of all metrics that a scrape shows.
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
    /// Registered once the count at start is complete.
    pub(crate) living: IntGauge,
    is_living_shown: Once,
    /// When the next item is due for a purge, in milliseconds since the Unix epoch.
    due: Arc<AtomicI64>,
    clock: Clock,
    is_purge_lag_shown: Once,
}

impl StoreMetrics {
    /// Creates metrics in a registry of their own. The purge lag is measured by `clock`.
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
        let (batch, commit) = ("Messages executed in one transaction.", "Duration of a COMMIT.");
        let locked = "Secrets destroyed after too many wrong passphrases.";
        Self {
            created: counter("secrets_created", "Secrets stored."),
            viewed: counter("secrets_viewed", "Secrets viewed. Repeats do not count."),
            burned: counter("secrets_burned", "Secrets burned before they were viewed."),
            locked: counter("secrets_locked", locked),
            expired: counter("secrets_expired", "Expired secrets that were purged."),
            refused: counter(
                "secrets_refused",
                "Creations refused for lack of space, or because erasing is behind.",
            ),
            queue: gauge("store_queue_messages", "Messages that wait for the store."),
            batches: histogram("store_batch_messages", batch, &MESSAGES),
            commits: histogram("store_commit_duration_seconds", commit, &SECONDS),
            failed: counter("store_commits_failed", "Transactions that failed."),
            database_bytes: gauge("store_database_bytes", "Size of the database file."),
            log_bytes: gauge("store_log_bytes", "Size of the write-ahead log."),
            living: valid(IntGauge::new(
                "viewonce_secrets_living",
                "Secrets in the store, including expired ones that are not purged yet. Absent until \
                 the count at start is complete. May be wrong after a commit of unknown outcome, \
                 until a restart.",
            )),
            is_living_shown: Once::new(),
            is_purge_lag_shown: Once::new(),
            due: Arc::new(AtomicI64::new(NEVER)),
            clock,
            registry,
        }
    }

    /// Registers the number of living secrets. Call it when the count at start is complete.
    pub(crate) fn show_living(&self) {
        self.is_living_shown.call_once(|| {
            register(&self.registry, Ok(self.living.clone()));
        });
    }

    /// Records that an item was stored that is due for a purge at `due`.
    pub(crate) fn falls_due(&self, due: i64) {
        self.due.fetch_min(due, Relaxed);
    }

    /// How long the oldest item has been due for a purge, at the instant `now`.
    pub(crate) fn purge_lag(&self, now: Timestamp) -> Duration {
        now.since(Timestamp::from_millis(self.due.load(Relaxed)))
    }

    /// Records that a purge ran, and when the next item is due; `None` if nothing is left. The first
    /// purge registers the purge lag.
    pub(crate) fn purged_until(&self, due: Option<i64>) {
        self.due.store(due.unwrap_or(NEVER), Relaxed);
        self.is_purge_lag_shown.call_once(|| {
            register(&self.registry, purge_lag(Arc::clone(&self.due), self.clock.clone()));
        });
    }
}

/// How long the oldest due item has been due by `clock`, computed at each scrape.
fn purge_lag(due: Arc<AtomicI64>, clock: Clock) -> prometheus::Result<PullingGauge> {
    let seconds = move || {
        let due = Timestamp::from_millis(due.load(Relaxed));
        clock.read().settled.since(due).as_secs_f64()
    };
    PullingGauge::new(
        "viewonce_purge_lag_seconds",
        "How long the oldest item has been due for a purge, or 0. Absent until the first purge. An \
         item that was deleted otherwise counts until the next purge.",
        Box::new(seconds),
    )
}

/// The metrics of requests. No label is a client's text: a route is a template of the route table or
/// `other`, a method is a known one or `other`, and a status is one that the service sends, or 499.
#[derive(Clone)]
pub struct HttpMetrics {
    requests: IntCounterVec,
    durations: HistogramVec,
}

impl HttpMetrics {
    /// Creates metrics in this registry.
    pub fn new(registry: &Registry) -> Self {
        let requests = Opts::new(
            "viewonce_http_requests_total",
            "Requests answered, or abandoned by the client (499). Malformed requests are not counted.",
        );
        let durations = HistogramOpts::new(
            "viewonce_http_request_duration_seconds",
            "Time from a request's head to its response, or until the client left.",
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

    /// Counts a request and its duration.
    pub(crate) fn count(&self, route: &str, method: &str, status: u16, took: Duration) {
        self.requests.with_label_values(&[route, method, status.to_string().as_str()]).inc();
        self.durations.with_label_values(&[route, method]).observe(took.as_secs_f64());
    }
}

/// Registers a metric, so that scrapes show it.
#[expect(clippy::expect_used, reason = "each metric has a unique name")]
fn register<M: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<M>) -> M {
    let metric = valid(made);
    registry.register(Box::new(metric.clone())).expect("no other metric has this name");
    metric
}

#[expect(clippy::expect_used, reason = "names and bounds are written above")]
fn valid<M>(made: prometheus::Result<M>) -> M {
    made.expect("the name is valid, and the bounds rise")
}
