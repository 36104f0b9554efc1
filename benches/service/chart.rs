//! SVG charts of the results: latency by percentile, and throughput by rows.

mod draw;

use std::fs;
use std::path::Path;

use plotters::chart::SeriesLabelPosition;
use plotters::coord::combinators::IntoLogRange as _;
use plotters::style::{Color as _, RGBColor, ShapeStyle};

use crate::Outcome;
use crate::by_rows::Contender;
use crate::common::table::{grouped, median};
use crate::common::times::{histogram, quantile};
use crate::compare::Comparison;
use crate::latency::{KINDS, Kind, speed};
use crate::round::Round;
use draw::{Axis, Chart, Line};

/// The palette of Okabe and Ito, which people with colour blindness can tell apart.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
/// The opacity of a ceiling's line.
const CEILING_OPACITY: f64 = 0.45;
/// The highest percentile of the chart: one request in this many is slower.
const RAREST: f64 = 10_000.0;
/// Points of a line for each decade of rarity.
const POINTS: u32 = 40;

/// Draws the latency of creations and of views, each into a file. Uses only the first size, and views in
/// the order of creation.
pub(crate) fn latency(folder: &Path, all: &[Comparison]) -> Outcome<()> {
    fs::create_dir_all(folder)?;
    let Some(bytes) = all.first().map(|cell| cell.bytes) else { return Ok(()) };
    let has_ceiling = all.iter().any(|cell| !cell.ceiling.is_empty());
    let pale = if has_ceiling { " (pale: the bare handler)" } else { "" };
    for (name, kind) in KINDS {
        let lines = by_connections(all.iter().filter(|cell| cell.bytes == bytes), kind)?;
        let (least, greatest) = draw::bounds(&lines);
        let decades = 10_f64.powf(least.log10().floor())..10_f64.powf(greatest.log10().ceil());
        let chart = Chart {
            title: format!("{name}, {bytes} bytes: latency by percentile{pale}"),
            x: Axis { name: "percentile of requests", label: &percentile },
            y: Axis { name: "milliseconds", label: &|milliseconds| milliseconds.to_string() },
            lines,
            legend: SeriesLabelPosition::LowerRight,
        };
        let path = folder.join(format!("latency-{}.svg", name.to_lowercase()));
        chart.draw(&path, (1.0..RAREST).log_scale(), decades.log_scale())?;
    }
    Ok(())
}

/// A line for each number of connections, and a pale line for its ceiling.
fn by_connections<'a>(
    cells: impl Iterator<Item = &'a Comparison>,
    kind: Kind,
) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for (cell, colour) in cells.zip(COLOURS.iter().cycle()) {
        let name = match cell.connections {
            1 => "1 connection".to_owned(),
            connections => format!("{connections} connections"),
        };
        lines.push(line(Some(name), colour.stroke_width(2), kind, &cell.in_order)?);
        if !cell.ceiling.is_empty() {
            lines.push(line(
                None,
                colour.mix(CEILING_OPACITY).stroke_width(1),
                kind,
                &cell.ceiling,
            )?);
        }
    }
    Ok(lines)
}

/// Draws the throughput of creations and views by the number of rows.
pub(crate) fn throughput(folder: &Path, contenders: &[Contender]) -> Outcome<()> {
    fs::create_dir_all(folder)?;
    let lines = KINDS.iter().zip(COLOURS).map(|((name, kind), colour)| {
        let point = |contender: &Contender| {
            let speeds = contender.rounds.iter().map(|round| speed(kind(round)));
            (contender.rows.count() as f64, median(speeds))
        };
        let points = contenders.iter().map(point).collect();
        Line {
            name: Some((*name).to_owned()),
            style: colour.stroke_width(2),
            points,
            has_dots: true,
        }
    });
    let lines: Vec<Line> = lines.collect();
    let most_rows = contenders.iter().map(|it| it.rows.count() as f64).fold(1.0, f64::max);
    let (_least, most_requests) = draw::bounds(&lines);
    let chart = Chart {
        title: "Requests a second by unexpired secrets in the store".to_owned(),
        x: Axis { name: "unexpired secrets", label: &|rows| grouped(rows as u64) },
        y: Axis { name: "requests a second", label: &|requests| grouped(requests as u64) },
        lines,
        legend: SeriesLabelPosition::LowerLeft,
    };
    let path = folder.join("throughput-by-rows.svg");
    chart.draw(&path, -most_rows * 0.02..most_rows * 1.04, 0.0..most_requests * 1.1)
}

/// The latency of one kind of request over all rounds.
fn line(name: Option<String>, style: ShapeStyle, kind: Kind, rounds: &[Round]) -> Outcome<Line> {
    let mut together = histogram()?;
    for round in rounds {
        together.add(&kind(round).run.latency)?;
    }
    let rarest = RAREST.min(together.len() as f64);
    let latency = |rarity: f64| quantile(&together, 1.0 - 1.0 / rarity);
    let points = (0..)
        .map(|point| 10_f64.powf(f64::from(point) / f64::from(POINTS)))
        .take_while(|rarity| *rarity <= rarest)
        .map(|rarity| (rarity, latency(rarity)));
    Ok(Line { name, style, points: points.collect(), has_dots: false })
}

/// The percentile above which one request in `rarity` lies.
fn percentile(rarity: f64) -> String {
    let decimals = (rarity.log10() - 2.0).max(0.0) as usize;
    format!("{:.decimals$} %", 100.0 - 100.0 / rarity)
}
