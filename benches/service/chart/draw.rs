//! Draws lines on two axes as SVG.

use std::path::Path;

use plotters::chart::{ChartBuilder, SeriesLabelPosition};
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::drawing::IntoDrawingArea as _;
use plotters::element::{Circle, PathElement};
use plotters::prelude::SVGBackend;
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color as _, ShapeStyle, WHITE};

use crate::Outcome;

const SIZE: (u32, u32) = (860, 480);
const FONT: (&str, u32) = ("sans-serif", 14);
const TITLE: (&str, u32) = ("sans-serif", 18);
const MARGIN: u32 = 12;
/// Half of the last label of the x axis extends into this margin.
const RIGHT: u32 = 40;
/// Space for the labels of the axes.
const BELOW: u32 = 48;
const LEFT: u32 = 76;
/// The length of a line in the legend.
const LEGEND_LINE: i32 = 22;
const DOT: u32 = 4;
/// Maximum labels below the chart.
const LABELS: usize = 8;

/// Lines and their axes.
pub(super) struct Chart<'a> {
    pub(super) title: String,
    pub(super) x: Axis<'a>,
    pub(super) y: Axis<'a>,
    pub(super) lines: Vec<Line>,
    /// The corner that the lines leave free.
    pub(super) legend: SeriesLabelPosition,
}

/// The name of an axis and the format of its values.
pub(super) struct Axis<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a dyn Fn(f64) -> String,
}

/// A line and its entry in the legend.
pub(super) struct Line {
    /// `None` keeps the line out of the legend.
    pub(super) name: Option<String>,
    pub(super) style: ShapeStyle,
    pub(super) points: Vec<(f64, f64)>,
    /// Whether its points are marked.
    pub(super) has_dots: bool,
}

/// The least and the greatest y value of all lines.
pub(super) fn bounds(lines: &[Line]) -> (f64, f64) {
    let heights = lines.iter().flat_map(|line| &line.points).map(|(_, height)| *height);
    heights.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), height| {
        (least.min(height), greatest.max(height))
    })
}

impl Chart<'_> {
    /// Writes the chart to a file; `x` and `y` are the ranges of the axes.
    pub(super) fn draw<X, Y>(self, path: &Path, x: X, y: Y) -> Outcome<()>
    where
        X: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>>,
        Y: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>>,
    {
        let area = SVGBackend::new(path, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(&self.title, TITLE)
            .margin(MARGIN)
            .margin_right(RIGHT)
            .x_label_area_size(BELOW)
            .y_label_area_size(LEFT)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .label_style(FONT)
            .x_labels(LABELS)
            .light_line_style(BLACK.mix(0.04))
            .bold_line_style(BLACK.mix(0.15))
            .x_desc(self.x.name)
            .y_desc(self.y.name)
            .x_label_formatter(&|value| (self.x.label)(*value))
            .y_label_formatter(&|value| (self.y.label)(*value))
            .draw()?;
        for Line { name, style, points, has_dots } in self.lines {
            let dots = points.iter().filter(|_point| has_dots);
            chart.draw_series(dots.map(|point| Circle::new(*point, DOT, style.filled())))?;
            let drawn = chart.draw_series(LineSeries::new(points, style))?;
            if let Some(name) = name {
                let sample = move |(x, y)| PathElement::new([(x, y), (x + LEGEND_LINE, y)], style);
                drawn.label(name).legend(sample);
            }
        }
        let mut names = chart.configure_series_labels();
        names.label_font(FONT).background_style(WHITE.mix(0.85)).border_style(BLACK.mix(0.2));
        names.legend_area_size(LEGEND_LINE + 8).position(self.legend).draw()?;
        Ok(area.present()?)
    }
}
