// SPDX-License-Identifier: GPL-2.0-only

//! How the tail grows: the percentiles of a stage, ascending.

use simrupt_page::axis::Axis;
use std::collections::BTreeSet;

use super::plot::{Legend, Plot, Shape, grid};
use crate::percentile::Percentile;
use crate::report::group::{Group, series};
use crate::report::metric::{Metric, stage_title};
use crate::report::number::plain;
use crate::results::Estimate;

/// The part of a percentile's place over which the curves are spread, as a share of the whole.
const SPREAD: f64 = 0.4;

/// The position of a curve's points within the place of their percentile, the `index`th of `count`. Points of different
/// curves are side by side, because they may have the same height.
fn beside(index: usize, count: usize) -> f64 {
    0.5 + SPREAD * ((index as f64 + 0.5) / count as f64 - 0.5)
}

pub(super) fn plot(group: &Group<'_>, stage: &str) -> Option<Plot> {
    let percentiles = measured(group, stage);
    let metric = |name: &str| format!("{stage}_{name}_ns");
    let curves: Vec<(String, Vec<Option<&Estimate>>)> = group
        .cells
        .iter()
        .map(|cell| {
            let estimates = percentiles.iter();
            let estimates = estimates.map(|one| cell.metrics.get(&metric(&one.name())));
            (series(&cell.setting), estimates.collect::<Vec<_>>())
        })
        .filter(|(_, estimates)| estimates.iter().any(Option::is_some))
        .collect();
    if curves.is_empty() {
        return None;
    }
    let micros = |estimate: &Estimate| estimate.median / 1000.0;
    let title = stage_title(stage).unwrap_or(stage);
    let names: Vec<String> = percentiles.iter().map(|one| format!("p{one}")).collect();
    let values = curves
        .iter()
        .flat_map(|(_, estimates)| estimates.iter().flatten());
    let y = Axis::logarithmic(
        &format!("{title}, µs"),
        values.map(|one| micros(one)),
        0.001,
    );
    let mut shapes = Vec::new();
    for (index, (name, estimates)) in curves.iter().enumerate() {
        let beside = beside(index, curves.len());
        let points: Vec<(f64, f64)> = estimates
            .iter()
            .zip(0u32..)
            .filter_map(|(estimate, at)| Some((f64::from(at) + beside, micros((*estimate)?))))
            .collect();
        shapes.push(Shape::Line {
            series: name.clone(),
            points: points.clone(),
        });
        shapes.push(Shape::Markers {
            series: name.clone(),
            points,
            hollow: false,
        });
    }
    let mut header = vec!["flavor"];
    header.extend(names.iter().map(String::as_str));
    let told = |estimate: &Estimate| {
        let metric = Metric("_ns");
        match estimate.low == estimate.high {
            true => metric.shown(estimate.median),
            false => format!(
                "{} [{} {}]",
                metric.shown(estimate.median),
                metric.shown(estimate.low),
                metric.shown(estimate.high)
            ),
        }
    };
    let rows = curves.iter().map(|(name, estimates)| {
        let mut row = vec![name.clone()];
        row.extend(
            estimates
                .iter()
                .map(|one| one.map_or("-".to_string(), told)),
        );
        row
    });
    let mut data = grid(&header, rows);
    data.notes = vec![format!(
        "Medians of the rounds in µs with their intervals; the longest of all: {}.",
        longest(group, stage)
    )];
    Some(Plot {
        kind: "percentiles",
        id: format!("percentiles-{stage}").replace('_', "-"),
        title: format!("{title}, percentiles"),
        explanation: "Each line says how long (upwards, logarithmic) an event takes that is slower than so \
                      many of a hundred (to the right). A flat line is an even flavor; one that rises has a \
                      long tail.",
        data,
        x: Axis::places("percentile", &names, false),
        y,
        height: 230,
        shapes,
        legend: Legend::Series,
    })
}

/// The percentiles of a stage that any of the cells has, ascending.
fn measured(group: &Group<'_>, stage: &str) -> Vec<Percentile> {
    let of_stage = |name: &String| {
        let figure = name.strip_prefix(stage)?.strip_prefix('_')?;
        Percentile::of_name(figure.strip_suffix("_ns")?)
    };
    let names = group.cells.iter().flat_map(|cell| cell.metrics.keys());
    let all: BTreeSet<Percentile> = names.filter_map(of_stage).collect();
    all.into_iter().collect()
}

fn longest(group: &Group<'_>, stage: &str) -> String {
    let histograms = group
        .cells
        .iter()
        .filter_map(|cell| cell.histograms.get(stage));
    match histograms.map(|histogram| histogram.max_ns).max() {
        Some(ns) => format!("{} µs", plain(ns as f64 / 1000.0)),
        None => "not known".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::group::groups;
    use crate::sample;

    #[test]
    fn curves_of_equal_height_stand_beside_each_other() {
        let places: Vec<f64> = (0..3).map(|index| beside(index, 3)).collect();
        assert!(
            places.windows(2).all(|two| two[1] - two[0] > 0.1),
            "{places:?}"
        );
        assert!((places[1] - 0.5).abs() < 1e-9);
        assert!(places[0] > 0.0 && places[2] < 1.0);
    }

    #[test]
    fn a_percentile_that_no_cell_has_is_left_out() {
        let mut results = sample::results();
        for cell in &mut results.cells {
            cell.metrics.remove("irq_bh_p9999_ns");
        }
        let plot = plot(&groups(&results)[0], "irq_bh").unwrap();
        assert_eq!(plot.data.header, ["flavor", "p50", "p90", "p99", "p99.9"]);
        assert_eq!(plot.markers("none", false).len(), 4);
        let labels: Vec<_> = plot.x.ticks.iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["p50", "p90", "p99", "p99.9"]);
    }

    #[test]
    fn a_curve_goes_through_the_medians_of_what_was_measured() {
        let mut results = sample::results();
        let metrics = &mut results.cells[0].metrics;
        metrics.remove("irq_bh_p90_ns");
        let at = |name: &str| metrics[name].median / 1000.0;
        let first = beside(0, sample::FLAVORS.len());
        let expected = [
            (first, at("irq_bh_p50_ns")),
            (2.0 + first, at("irq_bh_p99_ns")),
            (3.0 + first, at("irq_bh_p999_ns")),
            (4.0 + first, at("irq_bh_p9999_ns")),
        ];
        let plot = plot(&groups(&results)[0], "irq_bh").unwrap();
        assert_eq!(plot.markers("none", false), expected);
        assert_eq!(plot.data.rows[0].cells[2], "-");
    }
}
