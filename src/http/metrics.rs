//! `GET /metrics`, on an address of its own: what the store and the surface count, as Prometheus reads
//! it (the text format of `OpenMetrics` 1.0). No label is text of a client's, and nothing is asked of
//! the store for it: all of it is read from atomics.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeGaugeValue, MetricEncoder, NoLabelSet, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::error::ApiError;
use super::traffic::{OTHER, Traffic};
use super::{page, read};
use crate::clock::Clock;
use crate::meter::{Counter, Histogram};
use crate::store::StoreMeters;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PREFIX: &str = "viewonce";

/// What is shown.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// What the store tells of what it does.
    pub store: Arc<StoreMeters>,
    /// What is asked and how it is answered.
    pub traffic: Arc<Traffic>,
    /// The time.
    pub clock: Clock,
}

/// All that there is on the address of the metrics.
pub fn metrics_routes(metrics: Metrics, config: &mut ServiceConfig) {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(metrics));
    config
        .app_data(Data::new(registry))
        .service(page("/metrics").route(read().to(show)))
        .default_service(web::to(|| async { Err::<String, _>(ApiError::NoSuchPath) }));
}

async fn show(registry: Data<Registry>) -> HttpResponse {
    let mut shown = String::new();
    match text::encode(&mut shown, &registry) {
        Ok(()) => HttpResponse::Ok().content_type(OPEN_METRICS).body(shown),
        Err(fmt::Error) => HttpResponse::InternalServerError().finish(),
    }
}

impl Collector for Metrics {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet(encoder);
        self.secrets(&mut sheet)?;
        self.store(&mut sheet)?;
        self.requests(&mut sheet)
    }
}

impl Metrics {
    fn secrets(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let store = &self.store;
        sheet.counter("secrets_created", "Secrets stored.", &store.created)?;
        sheet.counter("secrets_viewed", "Secrets handed out, but for repeats.", &store.viewed)?;
        sheet.counter("secrets_burned", "Secrets burned unseen.", &store.burned)?;
        sheet.counter(
            "secrets_locked",
            "Secrets destroyed after too many wrong passphrases.",
            &store.locked,
        )?;
        sheet.counter("secrets_expired", "Secrets purged that had expired.", &store.expired)?;
        sheet.counter("secrets_refused", "Secrets not stored for want of room.", &store.refused)?;
        if let Some(living) = store.living() {
            let help = "Secrets in the store, also expired ones until they are purged. Absent until \
                        those are counted that were there at the start; after a commit of unknown \
                        outcome, off by what was in it until the next start.";
            sheet.gauge(["secrets_living", help], None, &living)?;
        }
        Ok(())
    }

    fn store(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let store = &self.store;
        let help = "Messages in the queue of the store.";
        sheet.gauge(["store_queue_messages", help], None, &store.queue.get())?;
        let help = "Messages that were done as one transaction.";
        sheet.histogram(["store_batch_messages", help], None)?.messages(&store.batches)?;
        let help = "Time that a COMMIT took.";
        sheet
            .histogram(["store_commit_duration", help], Some(&Unit::Seconds))?
            .times(&store.commits)?;
        sheet.counter("store_commits_failed", "Transactions that failed.", &store.failed)?;
        let help = "Bytes of the database file.";
        sheet.gauge(["store_database", help], Some(&Unit::Bytes), &store.database_bytes.get())?;
        let help = "Bytes of the write-ahead log.";
        sheet.gauge(["store_log", help], Some(&Unit::Bytes), &store.log_bytes.get())?;
        if let Some(lag) = store.purge_lag(self.clock.look().settled.as_millis()) {
            let help = "Time for which something has been there that is to be purged, or 0. Absent \
                        until the first purge; what was deleted otherwise counts until the next.";
            let seconds = Duration::from_millis(lag).as_secs_f64();
            sheet.gauge(["purge_lag", help], Some(&Unit::Seconds), &seconds)?;
        }
        Ok(())
    }

    fn requests(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let help =
            "Requests that were answered, or whose senders left (499); not what is no request.";
        let mut requests =
            sheet.0.encode_descriptor("http_requests", help, None, MetricType::Counter)?;
        for flow in self.traffic.flows() {
            for (status, count) in flow.answers() {
                let status = status.map_or_else(|| OTHER.to_owned(), |status| status.to_string());
                let labels =
                    [("route", flow.route), ("method", flow.method), ("status", status.as_str())];
                let mut request = requests.encode_family(&labels)?;
                request.encode_counter::<NoLabelSet, u64, u64>(&count, None)?;
            }
        }
        let help = "Time from a request's head to its answer, or to its sender's leaving.";
        let mut times = sheet.histogram(["http_request_duration", help], Some(&Unit::Seconds))?;
        for flow in self.traffic.flows() {
            let labels = [("route", flow.route), ("method", flow.method)];
            Buckets(times.0.encode_family(&labels)?).times(&flow.times)?;
        }
        Ok(())
    }
}

/// What is written on.
struct Sheet<'a>(DescriptorEncoder<'a>);

impl Sheet<'_> {
    fn counter(&mut self, name: &str, help: &str, counter: &Counter) -> fmt::Result {
        self.0
            .encode_descriptor(name, help, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, u64, u64>(&counter.get(), None)
    }

    fn gauge(
        &mut self,
        [name, help]: [&str; 2],
        unit: Option<&Unit>,
        value: &impl EncodeGaugeValue,
    ) -> fmt::Result {
        self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?.encode_gauge(value)
    }

    fn histogram<'s>(
        &'s mut self,
        [name, help]: [&'s str; 2],
        unit: Option<&'s Unit>,
    ) -> Result<Buckets<'s>, fmt::Error> {
        Ok(Buckets(self.0.encode_descriptor(name, help, unit, MetricType::Histogram)?))
    }
}

/// Where the buckets of a histogram are written.
struct Buckets<'a>(MetricEncoder<'a>);

impl Buckets<'_> {
    /// A histogram of times.
    fn times(&mut self, histogram: &Histogram) -> fmt::Result {
        self.write(histogram, |microseconds| Duration::from_micros(microseconds).as_secs_f64())
    }

    /// A histogram of numbers.
    #[expect(clippy::cast_precision_loss, reason = "what is beyond 2^53 need not be told exactly")]
    fn messages(&mut self, histogram: &Histogram) -> fmt::Result {
        self.write(histogram, |messages| messages as f64)
    }

    fn write(&mut self, histogram: &Histogram, shown: impl Fn(u64) -> f64) -> fmt::Result {
        let buckets = histogram.buckets();
        let buckets = buckets.map(|(bound, count)| (bound.map_or(f64::INFINITY, &shown), count));
        let buckets: Vec<_> = buckets.collect();
        // Counted from what is shown, for others go on counting meanwhile.
        let count = buckets.iter().map(|(_bound, count)| count).sum();
        self.0.encode_histogram::<NoLabelSet>(shown(histogram.sum()), count, &buckets, None)
    }
}
