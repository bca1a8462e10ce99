// SPDX-License-Identifier: GPL-2.0-only

//! Latency against CPU time: a point for each cell, and the frontier.

use super::plot::{Legend, Plot, Shape, grid};
use crate::report::frontier::{Frontier, Place, Point};
use crate::report::group::{CPU, Group, series};
use crate::report::metric::Metric;
use crate::results::{Estimate, Results};
use simrupt_page::axis::Axis;

pub(super) fn plot(group: &Group<'_>, results: &Results) -> Option<Plot> {
    let frontier = Frontier::of(group, results)?;
    let latency = frontier.latency;
    let micros = |ns: f64| latency.in_unit(ns);
    let ends = |one: &Estimate| [one.low, one.median, one.high];
    let points = || frontier.points.iter();
    let x = Axis::linear("CPU, ns/event", points().flat_map(|one| ends(one.cpu)));
    let values = points().flat_map(|one| ends(one.latency)).map(micros);
    let y = Axis::logarithmic(&latency.title_with_unit(), values, 0.001);
    let mut shapes = vec![Shape::Edge {
        points: stairs(&frontier.line(), micros),
    }];
    for point in points() {
        let name = series(&point.cell.setting);
        let (cpu, latency) = (point.cpu, point.latency);
        let at = (cpu.median, micros(latency.median));
        for (from, to) in [
            ((cpu.low, at.1), (cpu.high, at.1)),
            ((at.0, micros(latency.low)), (at.0, micros(latency.high))),
        ] {
            if from != to {
                shapes.push(Shape::Spread {
                    series: name.clone(),
                    from,
                    to,
                });
            }
        }
        shapes.push(Shape::Markers {
            series: name,
            points: vec![at],
            hollow: matches!(point.place, Place::Never(_)),
        });
    }
    let told = |metric: Metric<'_>, one: &Estimate| match one.low == one.high {
        true => metric.shown(one.median),
        false => format!(
            "{} [{} {}]",
            metric.shown(one.median),
            metric.shown(one.low),
            metric.shown(one.high)
        ),
    };
    let place = |point: &Point<'_>| match point.place {
        Place::Never(by) => {
            let other = series(&group.cells[by].setting);
            format!("{}: {other} has less", point.place.words())
        }
        place => place.words().to_string(),
    };
    let rows = points().map(|point| {
        vec![
            series(&point.cell.setting),
            told(CPU, point.cpu),
            told(latency, point.latency),
            place(point),
        ]
    });
    let title = latency.title_with_unit();
    let mut data = grid(&["flavor", "CPU, ns/event", &title, "place"], rows);
    if !frontier.is_told {
        let why = "This run has too few rounds, or too low a grade, to rule any of them out.";
        data.notes.push(why.to_string());
    }
    Some(Plot {
        kind: "frontier",
        id: "frontier".to_string(),
        title: format!("{} against CPU time", latency.title()),
        explanation: "Each marker is a flavor: how long the slowest events take (upwards, logarithmic), and \
                      the CPU time of an event (to the right). Thin lines are the intervals of the medians. \
                      The dashed line is the frontier: the flavors on it are those of which no other has both \
                      less latency and less CPU time. Hollow markers are never the right choice at this load: \
                      another flavor surely has no more of both, and less of one. The floor rules none out.",
        x,
        y,
        height: 230,
        shapes,
        legend: Legend::SeriesAndHollow("never the right choice".to_string()),
        data,
    })
}

/// The border between the cells and the combinations that no cell reaches: from each cell to the right, then down to
/// the next.
fn stairs(line: &[&Point<'_>], micros: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let places = line.iter();
    let places: Vec<(f64, f64)> = places
        .map(|point| (point.cpu.median, micros(point.latency.median)))
        .collect();
    let mut stairs: Vec<(f64, f64)> = Vec::new();
    for (x, y) in places {
        if let Some((_, above)) = stairs.last().copied() {
            stairs.push((x, above));
        }
        stairs.push((x, y));
    }
    // A line has two ends, even if the frontier is a single cell.
    if let [only] = stairs[..] {
        stairs.push(only);
    }
    stairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::group::groups;
    use crate::sample;
    use simrupt_statistics::estimate;

    #[test]
    fn only_a_cell_that_is_never_the_right_choice_is_hollow() {
        let mut results = sample::results();
        // The third load begins after two others with as many flavors. Its last flavor is surely slow.
        let slow = &mut results.cells[3 * sample::FLAVORS.len() - 1];
        let tail = slow.metrics.get_mut("due_read_p99_ns").unwrap();
        for value in [&mut tail.low, &mut tail.median, &mut tail.high] {
            *value *= 1000.0;
        }
        slow.metrics
            .insert(CPU.0.to_string(), estimate(&[1e9; 7]).unwrap());
        let groups = groups(&results);
        let plot = plot(&groups[2], &results).unwrap();
        let frontier = Frontier::of(&groups[2], &results).unwrap();
        let mut hollow = 0;
        for point in &frontier.points {
            let name = series(&point.cell.setting);
            let is_never = matches!(point.place, Place::Never(_));
            assert_eq!(plot.markers(&name, is_never).len(), 1, "{name}");
            assert_eq!(plot.markers(&name, !is_never).len(), 0, "{name}");
            hollow += usize::from(is_never);
        }
        assert!(hollow > 0 && hollow < frontier.points.len());
        assert_eq!(plot.data.rows.len(), frontier.points.len());
    }

    #[test]
    fn the_border_is_made_of_stairs_that_go_down() {
        let results = sample::results();
        let groups = groups(&results);
        let frontier = Frontier::of(&groups[0], &results).unwrap();
        let line = frontier.line();
        let stairs = stairs(&line, |ns| ns / 1000.0);
        assert_eq!(stairs.len(), (2 * line.len() - 1).max(2));
        assert!(stairs.is_sorted_by(|one, next| one.0 <= next.0 && one.1 >= next.1));
    }
}
