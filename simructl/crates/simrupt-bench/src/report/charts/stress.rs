// SPDX-License-Identifier: GPL-2.0-only

//! Idle and stressed: how much interference affects each flavor.

use super::plot::{Legend, Plot, Shape, grid};
use crate::report::group::{Group, figure_of, saturates, series, slug};
use crate::report::metric::Metric;
use crate::report::number::plain;
use simrupt_page::axis::Axis;

/// The height of a row, in pixels.
const ROW: u32 = 24;

/// A chart for each kind of interference and figure.
pub(super) fn plots(family: &[&Group<'_>]) -> Vec<Option<Plot>> {
    let metrics = match saturates(&family[0].common) {
        true => ["runs_hz", "irq_bh_p99_ns"],
        false => ["irq_bh_p99_ns", "due_read_p99_ns"],
    };
    let pairs = family[1..].iter();
    pairs
        .flat_map(|stressed| metrics.map(|name| plot(family[0], stressed, Metric(name))))
        .collect()
}

fn plot(idle: &Group<'_>, stressed: &Group<'_>, metric: Metric<'_>) -> Option<Plot> {
    let mut pairs = Vec::new();
    for cell in &idle.cells {
        let name = series(&cell.setting);
        let other = stressed
            .cells
            .iter()
            .find(|other| series(&other.setting) == name);
        let other = other.and_then(|other| figure_of(other, metric));
        if let (Some(a), Some(b)) = (figure_of(cell, metric), other) {
            pairs.push((name, metric.in_unit(a), metric.in_unit(b)));
        }
    }
    if pairs.is_empty() {
        return None;
    }
    let names: Vec<String> = pairs.iter().map(|(name, ..)| name.clone()).collect();
    let mut shapes = Vec::new();
    for ((name, a, b), at) in pairs.iter().zip(0u32..) {
        let height = f64::from(at) + 0.5;
        let marker = |value: f64, hollow| Shape::Markers {
            series: name.clone(),
            points: vec![(value, height)],
            hollow,
        };
        shapes.push(Shape::Link {
            series: name.clone(),
            from: (*a, height),
            to: (*b, height),
        });
        shapes.push(marker(*a, true));
        shapes.push(marker(*b, false));
    }
    let values = pairs.iter().flat_map(|(_, a, b)| [*a, *b]);
    let unit = metric.unit_name();
    let (without, with) = (idle.common.stress, stressed.common.stress);
    let title = metric.title();
    let header = [
        "flavor",
        &format!("{without}, {unit}"),
        &format!("{with}, {unit}"),
        "factor",
    ];
    let rows = pairs.iter().map(|(name, a, b)| {
        let factor = if *a > 0.0 {
            plain(b / a)
        } else {
            "-".to_string()
        };
        vec![name.clone(), plain(*a), plain(*b), factor]
    });
    Some(Plot {
        kind: "stress",
        id: slug(&format!("{}-{with}", metric.0)),
        title: format!("{title}, {without} and {with}"),
        explanation: "Each flavor twice: hollow without interference, full with it. The longer the line \
                      between them, the more it gets in the way.",
        data: grid(&header, rows),
        x: Axis::logarithmic(&metric.title_with_unit(), values, 0.001),
        y: Axis::places("", &names, true),
        height: ROW * names.len() as u32,
        shapes,
        legend: Legend::Markers {
            hollow: without.to_string(),
            full: with.to_string(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::group::{groups, under_stress};
    use crate::sample;

    #[test]
    fn a_flavor_is_hollow_without_interference_and_full_with_it() {
        let results = sample::results();
        let groups = groups(&results);
        let plot = plots(&under_stress(&groups)[0]).remove(0).unwrap();
        let metric = Metric("irq_bh_p99_ns");
        let at = |group: &Group<'_>| metric.in_unit(figure_of(group.cells[3], metric).unwrap());
        assert_eq!(plot.markers("bound", true), [(at(&groups[0]), 3.5)]);
        assert_eq!(plot.markers("bound", false), [(at(&groups[1]), 3.5)]);
    }

    #[test]
    fn a_cell_without_a_counterpart_is_left_out() {
        let mut results = sample::results();
        // The first cell of the stressed group.
        results.cells.remove(6);
        let groups = groups(&results);
        let plot = plots(&under_stress(&groups)[0]).remove(0).unwrap();
        assert!(!plot.series().contains(&"none".to_string()));
        assert_eq!(plot.series().len(), 5);
    }
}
