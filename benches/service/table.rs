//! What was measured, as tables in Markdown: medians over the rounds, ratios with their spread.

use crate::compare::{Round, Sample};

const MEBIBYTE: f64 = 1_048_576.0;

/// What was measured with so many connections and bytes.
pub(crate) struct Row {
    bytes: u64,
    connections: u64,
    pub(crate) service: Vec<Round>,
    /// In the same turns; none if there is nothing to compare with.
    pub(crate) ceiling: Vec<Round>,
    /// Bytes of anonymous memory of the service after its rounds.
    pub(crate) memory: Option<u64>,
}

impl Row {
    pub(crate) const fn new(bytes: u64, connections: u64) -> Self {
        Self { bytes, connections, service: Vec::new(), ceiling: Vec::new(), memory: None }
    }
}

/// Prints a table for creations and one for views.
pub(crate) fn print(rows: &[Row]) {
    for (name, kind) in KINDS {
        println!("\n## {name}\n");
        println!(
            "{}\n{}",
            line(&HEADINGS.map(str::to_owned)),
            line(&HEADINGS.map(|_| "---:".to_owned()))
        );
        for row in rows {
            println!("{}", line(&cells(row, kind)));
        }
    }
}

type Kind = fn(&Round) -> &Sample;

const KINDS: [(&str, Kind); 2] = [("Create", |round| &round.create), ("View", |round| &round.view)];
const HEADINGS: [&str; 9] = [
    "bytes",
    "connections",
    "requests/s",
    "of the ceiling",
    "CPU µs",
    "of the ceiling's",
    "p50 ms",
    "p99 / p99.9 ms",
    "memory MiB",
];

fn cells(row: &Row, kind: Kind) -> [String; 9] {
    let service: Vec<&Sample> = row.service.iter().map(kind).collect();
    let ceiling: Vec<&Sample> = row.ceiling.iter().map(kind).collect();
    let speed = |sample: &Sample| sample.run.per_second();
    let processor = |sample: &Sample| sample.processor_us.unwrap_or(f64::NAN);
    let is_own = service.iter().all(|sample| sample.processor_us.is_some());
    let own_us = || format!("{:.1}", median(service.iter().copied().map(processor).collect()));
    let quantile = |quantile: f64| {
        median(service.iter().map(|sample| milliseconds(sample, quantile)).collect())
    };
    [
        row.bytes.to_string(),
        row.connections.to_string(),
        format!("{:.0}", median(service.iter().copied().map(speed).collect())),
        ratio(&service, &ceiling, speed),
        if is_own { own_us() } else { String::new() },
        ratio(&service, &ceiling, processor),
        format!("{:.2}", quantile(0.5)),
        format!("{:.2} / {:.2}", quantile(0.99), quantile(0.999)),
        row.memory.map_or_else(String::new, |bytes| format!("{:.0}", bytes as f64 / MEBIBYTE)),
    ]
}

/// The median of the ratios in each round, and the least and the greatest of them.
fn ratio(service: &[&Sample], ceiling: &[&Sample], of: impl Fn(&Sample) -> f64) -> String {
    let ratios: Vec<f64> =
        service.iter().zip(ceiling).map(|(service, ceiling)| of(service) / of(ceiling)).collect();
    let (least, most) = ratios
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
    if ratios.is_empty() {
        return String::new();
    }
    format!("{:.2} ({least:.2}–{most:.2})", median(ratios))
}

fn milliseconds(sample: &Sample, quantile: f64) -> f64 {
    sample.run.latency.value_at_quantile(quantile) as f64 / 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}
