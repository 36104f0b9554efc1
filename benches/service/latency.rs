//! Tables of load by size and connections, compared with the ceiling and with the disk.

use crate::common::table::{Table, median, spread};
use crate::common::times::quantile;
use crate::compare::Comparison;
use crate::round::{Round, Sample};

const MEBIBYTE: f64 = 1_048_576.0;

/// Selects one kind of request from a round.
pub(crate) type Kind = fn(&Round) -> &Sample;

pub(crate) const KINDS: [(&str, Kind); 2] =
    [("Create", |round| &round.create), ("View", |round| &round.view)];

/// Prints a table for creations and one for views. Each has a row for each order of views, because that
/// order also matters to the creations of later rounds.
pub(crate) fn print(all: &[Comparison]) {
    for (name, kind) in KINDS {
        let mut table = Table::new(&[
            "bytes",
            "connections",
            "views",
            "requests/s",
            "requests/s vs ceiling",
            "CPU µs",
            "CPU µs vs ceiling",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "peak MiB",
        ]);
        for cell in all {
            let ceiling: Vec<&Sample> = cell.ceiling.iter().map(kind).collect();
            for (order, rounds) in [("in order", &cell.in_order), ("random", &cell.random)] {
                let service: Vec<&Sample> = rounds.iter().map(kind).collect();
                let [p50, p99, p999] = quantiles(&service);
                table.push([
                    cell.bytes.to_string(),
                    cell.connections.to_string(),
                    order.to_owned(),
                    per_second(&service),
                    spread(&ratios(&service, &ceiling, speed)),
                    processor(&service),
                    spread(&ratios(&service, &ceiling, processor_us)),
                    p50,
                    p99,
                    p999,
                    peak_memory(&service),
                ]);
            }
        }
        table.print(name);
    }
}

/// Prints by how much the service's median with one connection exceeds the disk's.
pub(crate) fn print_beside_disk(all: &[Comparison]) {
    let mut table = Table::new(&[
        "bytes",
        "fdatasync p50 ms",
        "p99 ms",
        "create: p50 over fdatasync",
        "view: p50 over fdatasync",
    ]);
    for cell in all.iter().filter(|cell| !cell.disk.is_empty()) {
        let disk = |part| {
            let times = cell.disk.iter().map(|times| quantile(times, part));
            format!("{:.2}", median(times))
        };
        let over = |kind: Kind| {
            let rounds = cell.in_order.iter().zip(&cell.disk);
            let over =
                rounds.map(|(round, disk)| kind(round).run.quantile(0.5) - quantile(disk, 0.5));
            spread(&over.collect::<Vec<_>>())
        };
        let [(_, create), (_, view)] = KINDS;
        table.push([cell.bytes.to_string(), disk(0.5), disk(0.99), over(create), over(view)]);
    }
    if all.iter().any(|cell| !cell.disk.is_empty()) {
        table.print("One connection beside the disk");
    }
}

pub(crate) fn speed(sample: &Sample) -> f64 {
    sample.run.per_second()
}

pub(crate) fn p99(sample: &Sample) -> f64 {
    sample.run.quantile(0.99)
}

fn processor_us(sample: &Sample) -> f64 {
    sample.cost.map_or(f64::NAN, |cost| cost.processor_us)
}

/// The ratio of a figure to that of the other samples, round by round.
pub(crate) fn ratios(
    samples: &[&Sample],
    others: &[&Sample],
    figure: impl Fn(&Sample) -> f64,
) -> Vec<f64> {
    samples.iter().zip(others).map(|(sample, other)| figure(sample) / figure(other)).collect()
}

pub(crate) fn per_second(samples: &[&Sample]) -> String {
    format!("{:.0}", median(samples.iter().copied().map(speed)))
}

/// The medians of p50, p99 and p99.9, in milliseconds.
pub(crate) fn quantiles(samples: &[&Sample]) -> [String; 3] {
    [0.5, 0.99, 0.999].map(|part| {
        format!("{:.2}", median(samples.iter().map(|sample| sample.run.quantile(part))))
    })
}

pub(crate) fn processor(samples: &[&Sample]) -> String {
    let is_known = samples.iter().all(|sample| sample.cost.is_some());
    let median = || format!("{:.1}", median(samples.iter().copied().map(processor_us)));
    if is_known { median() } else { String::new() }
}

/// The highest peak of all rounds.
pub(crate) fn peak_memory(samples: &[&Sample]) -> String {
    let peak = samples.iter().filter_map(|sample| sample.cost).map(|cost| cost.memory).max();
    peak.map_or_else(String::new, mebibytes)
}

pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.0}", bytes as f64 / MEBIBYTE)
}
