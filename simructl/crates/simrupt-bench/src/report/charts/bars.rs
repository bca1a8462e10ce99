// SPDX-License-Identifier: GPL-2.0-only

//! Bars: the CPU time of an event and its parts, and the share of the events that is lost.

use super::plot::{Legend, Plot, Shape, grid};
use crate::report::group::{Group, figure_of, series};
use crate::report::metric::Metric;
use crate::report::number::plain;
use crate::results::Cell;
use simrupt_page::axis::Axis;

/// The height of a bar with its margins, in pixels.
const ROW: u32 = 24;

/// The share of it that is the bar.
const THICKNESS: f64 = 0.7;

/// The known users of CPU time; the rest could not be charged to any of them.
const PARTS: [(&str, &str); 3] = [
    ("interrupt", "interrupt_ns_per_event"),
    ("worker", "worker_ns_per_event"),
    ("reader", "reader_ns_per_event"),
];

pub(super) fn cpu(group: &Group<'_>) -> Option<Plot> {
    let busy = Metric("busy_ns_per_event");
    let cells: Vec<(&Cell, Vec<f64>)> = group
        .cells
        .iter()
        .filter_map(|cell| {
            let parts = PARTS.map(|(_, name)| figure_of(cell, Metric(name)));
            let known = parts.iter().any(Option::is_some) || figure_of(cell, busy).is_some();
            let mut parts: Vec<f64> = parts.map(|part| part.unwrap_or(0.0).max(0.0)).to_vec();
            let sum: f64 = parts.iter().sum();
            parts.push(figure_of(cell, busy).map_or(0.0, |busy| (busy - sum).max(0.0)));
            known.then_some((*cell, parts))
        })
        .collect();
    if cells.is_empty() {
        return None;
    }
    let names: Vec<String> = cells
        .iter()
        .map(|(cell, _)| series(&cell.setting))
        .collect();
    let mut shapes = Vec::new();
    for ((_, parts), (name, at)) in cells.iter().zip(names.iter().zip(0u32..)) {
        let mut from = 0.0;
        for (part, length) in parts.iter().enumerate() {
            let to = from + length;
            shapes.push(bar(name, Some(part), at, from, to));
            from = to;
        }
    }
    let sums = cells.iter().map(|(_, parts)| parts.iter().sum());
    let mut told: Vec<String> = PARTS.iter().map(|(name, _)| (*name).to_string()).collect();
    told.push("rest".to_string());
    let mut header = vec!["flavor"];
    header.extend(told.iter().map(String::as_str));
    header.push("all");
    let rows = cells.iter().zip(&names).map(|((cell, parts), name)| {
        let mut row = vec![name.clone()];
        row.extend(parts.iter().map(|part| plain(*part)));
        row.push(figure_of(cell, busy).map_or("-".to_string(), plain));
        row
    });
    Some(Plot {
        kind: "cpu",
        id: "cpu".to_string(),
        title: "CPU time per event".to_string(),
        explanation: "How much CPU time an event costs in all, and who spends it: interrupts and softirqs \
                      out of idle, the worker, the reader, and the rest of the machine. Shorter is better.",
        data: grid(&header, rows),
        x: Axis::from_zero("ns per event", sums),
        y: Axis::places("", &names, true),
        height: ROW * names.len() as u32,
        shapes,
        legend: Legend::Parts(told),
    })
}

/// No chart is drawn for a group without losses.
pub(super) fn loss(group: &Group<'_>) -> Option<Plot> {
    let metric = Metric("loss_ratio");
    let cells: Vec<(String, f64)> = group
        .cells
        .iter()
        .filter_map(|cell| Some((series(&cell.setting), figure_of(cell, metric)?)))
        .collect();
    if cells.iter().all(|(_, loss)| *loss <= 0.0) {
        return None;
    }
    let names: Vec<String> = cells.iter().map(|(name, _)| name.clone()).collect();
    let bars = cells.iter().zip(0u32..);
    let shapes = bars
        .map(|((name, loss), at)| bar(name, None, at, 0.0, metric.in_unit(*loss)))
        .collect();
    let values = cells.iter().map(|(_, loss)| metric.in_unit(*loss));
    let rows = cells
        .iter()
        .map(|(name, loss)| vec![name.clone(), metric.shown(*loss)]);
    Some(Plot {
        kind: "loss",
        id: "loss".to_string(),
        title: "lost events".to_string(),
        explanation: "The share of the events that no reader got. Shorter is better.",
        data: grid(&["flavor", "lost %"], rows),
        x: Axis::from_zero("% of all events", values),
        y: Axis::places("", &names, true),
        height: ROW * names.len() as u32,
        shapes,
        legend: Legend::Parts(Vec::new()),
    })
}

fn bar(series: &str, part: Option<usize>, at: u32, from: f64, to: f64) -> Shape {
    let middle = f64::from(at) + 0.5;
    Shape::Bar {
        series: series.to_string(),
        part,
        from,
        to,
        top: middle - THICKNESS / 2.0,
        bottom: middle + THICKNESS / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::group::groups;
    use crate::sample;

    #[test]
    fn the_parts_of_a_bar_add_up_to_all_that_was_busy() {
        let results = sample::results();
        let group = &groups(&results)[0];
        let plot = cpu(group).unwrap();
        let ends: Vec<f64> = plot
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Bar {
                    part: Some(3), to, ..
                } => Some(*to),
                _ => None,
            })
            .collect();
        assert_eq!(ends.len(), group.cells.len());
        for (end, cell) in ends.iter().zip(&group.cells) {
            let busy = figure_of(cell, Metric("busy_ns_per_event")).unwrap();
            assert!((end - busy).abs() < 1e-6, "{end} {busy}");
        }
    }

    #[test]
    fn a_group_without_losses_has_no_chart() {
        let results = sample::results();
        let groups = groups(&results);
        assert!(loss(&groups[0]).is_none());
        assert_eq!(
            loss(&groups[2]).unwrap().shapes.len(),
            groups[2].cells.len()
        );
    }
}
