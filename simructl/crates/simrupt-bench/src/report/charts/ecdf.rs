// SPDX-License-Identifier: GPL-2.0-only

//! The share of the events that took at most a given time: the empirical distribution function of a stage.

use super::plot::{Legend, Plot, Shape, grid, thinned};
use crate::report::group::{Group, series};
use crate::report::metric::stage_title;
use crate::report::number::plain;
use crate::results::Histogram;
use simrupt_page::axis::Axis;

/// The distance of the markers of a curve, as a share of all.
const APART: f64 = 0.19;

/// The shares at which the markers of a curve are placed, the `index`th of `count`. Markers of different curves
/// alternate, so that curves on top of each other can be seen.
fn marked(index: usize, count: usize) -> [f64; 5] {
    // The tail begins above them.
    let first = 0.01 + APART * (index as f64 + 0.5) / count as f64;
    [0.0, 1.0, 2.0, 3.0, 4.0].map(|step| first + step * APART)
}

/// The percentiles that are given as numbers, with their share per 100,000.
const TOLD: [(&str, u32); 8] = [
    ("p1", 1000),
    ("p10", 10_000),
    ("p50", 50_000),
    ("p90", 90_000),
    ("p99", 99_000),
    ("p99.9", 99_900),
    ("p99.99", 99_990),
    ("max", 100_000),
];

pub(super) fn plot(group: &Group<'_>, stage: &str) -> Option<Plot> {
    let histograms: Vec<(String, &Histogram)> = group
        .cells
        .iter()
        .filter_map(|cell| {
            let histogram = cell.histograms.get(stage)?;
            (histogram.count > 0).then(|| (series(&cell.setting), histogram))
        })
        .collect();
    if histograms.is_empty() {
        return None;
    }
    let curves: Vec<(String, Vec<(f64, f64)>)> = histograms
        .iter()
        .map(|(name, histogram)| (name.clone(), curve(histogram)))
        .collect();
    let title = stage_title(stage).unwrap_or(stage);
    let micros = curves
        .iter()
        .flat_map(|(_, points)| points.iter().map(|(x, _)| *x));
    let x = Axis::logarithmic(&format!("{title}, µs"), micros, 0.001);
    let y = Axis::from_zero("share of all, %", [100.0].into_iter());
    let mut shapes = Vec::new();
    let count = curves.len();
    for (index, (name, points)) in curves.into_iter().enumerate() {
        let marks = marked(index, count)
            .into_iter()
            .map(|share| (at(&points, share * 100.0), share * 100.0));
        let markers = Shape::Markers {
            series: name.clone(),
            points: marks.collect(),
            hollow: false,
        };
        let points = thinned(points, &x, &y);
        shapes.push(Shape::Line {
            series: name,
            points,
        });
        shapes.push(markers);
    }
    let mut header = vec!["flavor", "values"];
    header.extend(TOLD.map(|(name, _)| name));
    let rows = histograms.iter().map(|(name, histogram)| {
        let mut row = vec![name.clone(), histogram.count.to_string()];
        row.extend(TOLD.map(|(_, share)| {
            let value = histogram.percentile(share);
            value.map_or("-".to_string(), |ns| plain(ns as f64 / 1000.0))
        }));
        row
    });
    Some(Plot {
        kind: "ecdf",
        id: format!("ecdf-{stage}").replace('_', "-"),
        title: format!("{title}, distribution"),
        explanation: "Each line says which share of the events (upwards) took at most so long (to the \
                      right, logarithmic). Further to the left is faster; steeper is more even.",
        data: grid(&header, rows),
        x,
        y,
        height: 230,
        shapes,
        legend: Legend::Series,
    })
}

/// Microseconds and percent: at the low end of a bucket the share before it, at its high end the share including it.
fn curve(histogram: &Histogram) -> Vec<(f64, f64)> {
    let total = histogram.count as f64;
    let micros = |ns: u64| ns as f64 / 1000.0;
    let mut seen = 0;
    let mut points: Vec<(f64, f64)> = Vec::new();
    for [low, high, count] in &histogram.buckets {
        let before = (micros(*low), 100.0 * seen as f64 / total);
        if points.last() != Some(&before) {
            points.push(before);
        }
        seen += count;
        let high = (*high).min(histogram.max_ns.max(*low));
        points.push((micros(high), (100.0 * seen as f64 / total).min(100.0)));
    }
    // Of the values above all buckets, only the longest is known.
    points.push((micros(histogram.max_ns), 100.0));
    points.dedup();
    points
}

/// The point at which a curve reaches a height.
fn at(points: &[(f64, f64)], height: f64) -> f64 {
    let mut before = points.first().copied().unwrap_or_default();
    for &(x, y) in points {
        if y >= height {
            let part = if y > before.1 {
                (height - before.1) / (y - before.1)
            } else {
                1.0
            };
            return before.0 + (x - before.0) * part;
        }
        before = (x, y);
    }
    before.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::group::groups;
    use crate::sample;

    #[test]
    fn a_curve_rises_within_its_buckets_from_nothing_to_all() {
        let histogram = Histogram {
            count: 4,
            sum_ns: 0,
            overflow: 1,
            max_ns: 9000,
            buckets: vec![[1000, 1999, 1], [3000, 3000, 2]],
        };
        assert_eq!(
            curve(&histogram),
            [
                (1.0, 0.0),
                (1.999, 25.0),
                (3.0, 25.0),
                (3.0, 75.0),
                (9.0, 100.0)
            ]
        );
    }

    #[test]
    fn a_marker_stands_on_its_curve() {
        let points = [(1.0, 0.0), (2.0, 50.0), (4.0, 50.0), (4.0, 100.0)];
        assert_eq!(at(&points, 25.0), 1.5);
        assert_eq!(at(&points, 50.0), 2.0);
        assert_eq!(at(&points, 70.0), 4.0);
        assert_eq!(at(&[], 50.0), 0.0);
    }

    #[test]
    fn markers_of_curves_that_lie_on_each_other_take_turns() {
        let all: Vec<f64> = (0..4).flat_map(|index| marked(index, 4)).collect();
        for (at, one) in all.iter().enumerate() {
            assert!((0.01..0.96).contains(one));
            let nearest = all[at + 1..].iter().map(|other| (one - other).abs());
            assert!(nearest.fold(1.0, f64::min) > 0.047, "{all:?}");
        }
        assert!((marked(0, 1)[0] - 0.105).abs() < 1e-9);
    }

    #[test]
    fn all_that_was_measured_is_in_it() {
        let results = sample::results();
        let plot = plot(&groups(&results)[0], "irq_bh").unwrap();
        for shape in &plot.shapes {
            if let Shape::Line { points, .. } = shape {
                assert_eq!(points[0].1, 0.0);
                assert_eq!(points[points.len() - 1].1, 100.0);
            }
        }
        let all = sample::ROUNDS * sample::VALUES;
        assert_eq!(plot.data.rows[0].cells[1], all.to_string());
    }
}
