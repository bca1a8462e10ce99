// SPDX-License-Identifier: GPL-2.0-only

//! The parts of a chart: two scales, shapes, and the entries of the legend.

use crate::report::grid::{Grid, Row};
use simrupt_page::axis::Axis;

/// A chart, before it is drawn.
#[derive(Debug)]
pub(super) struct Plot {
    pub(super) kind: &'static str,
    /// Distinguishes it from other charts of the same group.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) explanation: &'static str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// The height of the part inside the axes, in pixels.
    pub(super) height: u32,
    pub(super) shapes: Vec<Shape>,
    pub(super) legend: Legend,
    /// The shapes in numbers: a row per series.
    pub(super) data: Grid,
}

/// The content of the legend.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Legend {
    /// The colours, dashes and markers of the series.
    Series,
    /// The fillings of the parts of bars, by name.
    Parts(Vec<String>),
    /// Hollow markers and full ones.
    Markers { hollow: String, full: String },
    /// The series, and hollow markers too.
    SeriesAndHollow(String),
}

/// A shape. Its positions are values of the axes.
#[derive(Debug)]
pub(super) enum Shape {
    /// A line through points, with its dashes.
    Line {
        series: String,
        points: Vec<(f64, f64)>,
    },
    /// Markers; hollow ones are exceptions.
    Markers {
        series: String,
        points: Vec<(f64, f64)>,
        hollow: bool,
    },
    /// A thin line between two points, without dashes.
    Link {
        series: String,
        from: (f64, f64),
        to: (f64, f64),
    },
    /// A thin line between the ends of an interval.
    Spread {
        series: String,
        from: (f64, f64),
        to: (f64, f64),
    },
    /// A dashed line through points that belong to no series.
    Edge { points: Vec<(f64, f64)> },
    /// A horizontal bar; a part of several, or the only one.
    Bar {
        series: String,
        part: Option<usize>,
        from: f64,
        to: f64,
        top: f64,
        bottom: f64,
    },
    /// A horizontal line over the whole width: a limit.
    Limit { at: f64 },
}

impl Shape {
    /// The series of the shape; a limit and an edge have none.
    pub(super) fn series(&self) -> Option<&str> {
        match self {
            Self::Line { series, .. }
            | Self::Markers { series, .. }
            | Self::Link { series, .. }
            | Self::Spread { series, .. }
            | Self::Bar { series, .. } => Some(series),
            Self::Edge { .. } | Self::Limit { .. } => None,
        }
    }
}

impl Plot {
    /// The series that have shapes, in the order in which they appear.
    pub(super) fn series(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for name in self.shapes.iter().filter_map(Shape::series) {
            if !all.iter().any(|known| known == name) {
                all.push(name.to_string());
            }
        }
        all
    }

    /// How many points of the data it contains.
    pub(super) fn points(&self) -> usize {
        let points = |shape: &Shape| match shape {
            Shape::Line { points, .. } | Shape::Markers { points, .. } => points.len(),
            Shape::Bar { .. } => 1,
            Shape::Link { .. }
            | Shape::Spread { .. }
            | Shape::Edge { .. }
            | Shape::Limit { .. } => 0,
        };
        self.shapes.iter().map(points).sum()
    }
}

#[cfg(test)]
impl Plot {
    /// The positions of the markers of a series.
    pub(super) fn markers(&self, name: &str, are_hollow: bool) -> Vec<(f64, f64)> {
        let markers = self.shapes.iter().filter_map(|shape| match shape {
            Shape::Markers {
                series,
                points,
                hollow,
            } if series == name && *hollow == are_hollow => Some(points.clone()),
            _ => None,
        });
        markers.flatten().collect()
    }
}

/// A table of a chart's numbers.
pub(super) fn grid(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Grid {
    Grid {
        header: header.iter().map(ToString::to_string).collect(),
        rows: rows.map(|cells| Row { cells, rank: None }).collect(),
        ..Grid::default()
    }
}

/// About a pixel, as a share of an axis: a point that is nearer to its neighbour cannot be distinguished.
const VISIBLE: f64 = 0.002;

/// Leaves out points that cannot be distinguished from their neighbours, except for the first and the last.
pub(super) fn thinned(points: Vec<(f64, f64)>, x: &Axis, y: &Axis) -> Vec<(f64, f64)> {
    let last = points.len().saturating_sub(1);
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (at, point) in points.into_iter().enumerate() {
        let seen = kept.last().is_none_or(|before| {
            (x.place(point.0) - x.place(before.0)).abs() >= VISIBLE
                || (y.place(point.1) - y.place(before.1)).abs() >= VISIBLE
        });
        if seen || at == last {
            kept.push(point);
        }
    }
    kept
}
