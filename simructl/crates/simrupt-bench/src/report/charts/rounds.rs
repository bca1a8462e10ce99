// SPDX-License-Identifier: GPL-2.0-only

//! Every round by itself, in the order in which the rounds were run: shows drift, and which flavors scatter.

use super::plot::{Legend, Plot, Shape, grid};
use crate::report::group::{Group, series};
use simrupt_page::axis::Axis;

pub(super) fn plot(group: &Group<'_>) -> Option<Plot> {
    let metric = group.main_metric();
    let mut shapes = Vec::new();
    let mut rows = Vec::new();
    let mut values = Vec::new();
    let mut positions = Vec::new();
    for cell in &group.cells {
        let apart = cell
            .metrics
            .get(metric.0)
            .map(|one| one.outliers.as_slice());
        let apart = apart.unwrap_or_default();
        let mut usual = Vec::new();
        let mut outliers = Vec::new();
        let mut told = Vec::new();
        for (at, round) in cell.rounds.iter().enumerate() {
            let Some(value) = round.metrics.get(metric.0) else {
                continue;
            };
            let position = f64::from(round.position) + 1.0;
            values.push(metric.in_unit(*value));
            positions.push(position);
            let outlier = apart.contains(&at);
            let points = if outlier { &mut outliers } else { &mut usual };
            points.push((position, metric.in_unit(*value)));
            let sign = if outlier { " (apart)" } else { "" };
            told.push(format!("{}{sign}", metric.shown(*value)));
        }
        if told.is_empty() {
            continue;
        }
        for (points, hollow) in [(usual, false), (outliers, true)] {
            if !points.is_empty() {
                let series = series(&cell.setting);
                shapes.push(Shape::Markers {
                    series,
                    points,
                    hollow,
                });
            }
        }
        rows.push(vec![series(&cell.setting), told.join(", ")]);
    }
    if shapes.is_empty() {
        return None;
    }
    let title = metric.title();
    let hollow = shapes
        .iter()
        .any(|shape| matches!(shape, Shape::Markers { hollow: true, .. }));
    let values = values.into_iter();
    let titled = metric.title_with_unit();
    Some(Plot {
        kind: "rounds",
        id: "rounds".to_string(),
        title: format!("{title}, round by round"),
        explanation: "Each marker is a round, from left to right in the order in which they were run. \
                      Markers of a kind should lie at one height; a hollow one stands apart from the \
                      others of its cell.",
        data: grid(
            &["flavor", &format!("each round: {titled}")],
            rows.into_iter(),
        ),
        x: Axis::linear("position in the run", positions.into_iter()),
        y: Axis::logarithmic(&titled, values, 0.001),
        height: 230,
        shapes,
        legend: match hollow {
            true => Legend::SeriesAndHollow("stands apart".to_string()),
            false => Legend::Series,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::group::groups;
    use crate::sample;

    #[test]
    fn a_round_that_stands_apart_is_hollow() {
        let mut results = sample::results();
        let mut cell = sample::cell_of("bh", "irq_bh_p50_ns", &[2000.0, 2100.0, 9000.0]);
        cell.metrics.get_mut("irq_bh_p50_ns").unwrap().outliers = vec![2];
        results.cells = vec![cell];
        let plot = plot(&groups(&results)[0]).unwrap();
        assert_eq!(plot.markers("bh", false), [(1.0, 2.0), (2.0, 2.1)]);
        assert_eq!(plot.markers("bh", true), [(3.0, 9.0)]);
        assert_eq!(
            plot.legend,
            Legend::SeriesAndHollow("stands apart".to_string())
        );
    }
}
