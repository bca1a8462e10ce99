// SPDX-License-Identifier: GPL-2.0-only

//! Knees: how due→read grows with the rate, and from which rate on it is too long or events are lost.

use super::plot::{Legend, Plot, Shape, grid};
use crate::report::group::series;
use crate::report::number::plain;
use crate::report::summary::shown_knee;
use crate::results::{Knee, Probe};
use simrupt_page::axis::Axis;
use simrupt_statistics::median;

pub(super) fn plot(knees: &[&Knee]) -> Option<Plot> {
    let knees: Vec<&Knee> = knees
        .iter()
        .copied()
        .filter(|knee| !knee.probes.is_empty())
        .collect();
    let limits: Vec<f64> = knees.iter().map(|knee| micros(knee.p99_limit_ns)).collect();
    let first = *limits.first()?;
    let probes = || knees.iter().flat_map(|knee| &knee.probes);
    let rates = probes().map(|probe| probe.rate_hz as f64);
    let x = Axis::logarithmic("events per second", rates, 1.0);
    let times = probes().map(|probe| micros(probe.due_read_p99_ns));
    let y = Axis::logarithmic(
        "due→read p99, µs",
        times.chain(limits.iter().copied()),
        0.001,
    );
    let mut shapes: Vec<Shape> = Vec::new();
    // Knees with different limits have no line in common.
    if limits.iter().all(|limit| *limit == first) {
        shapes.push(Shape::Limit { at: first });
    }
    for knee in &knees {
        let name = series(&knee.setting);
        shapes.push(Shape::Line {
            series: name.clone(),
            points: curve(&knee.probes),
        });
        for hollow in [false, true] {
            let points: Vec<(f64, f64)> = knee
                .probes
                .iter()
                .filter(|probe| probe.passed != hollow)
                .map(|probe| (probe.rate_hz as f64, micros(probe.due_read_p99_ns)))
                .collect();
            if !points.is_empty() {
                shapes.push(Shape::Markers {
                    series: name.clone(),
                    points,
                    hollow,
                });
            }
        }
    }
    let rows = knees.iter().map(|knee| {
        let failed: Vec<String> = knee
            .probes
            .iter()
            .filter(|probe| !probe.passed)
            .map(|probe| {
                let p99 = plain(micros(probe.due_read_p99_ns));
                let lost = plain(probe.loss_ratio * 100.0);
                format!("{} Hz ({p99} µs, {lost} % lost)", probe.rate_hz)
            })
            .collect();
        vec![
            series(&knee.setting),
            shown_knee(knee),
            plain(micros(knee.p99_limit_ns)),
            knee.probes.len().to_string(),
            failed.join(", "),
        ]
    });
    Some(Plot {
        kind: "knee",
        id: "p99".to_string(),
        title: "due→read p99 by rate".to_string(),
        explanation: "How long the slowest hundredth of the events takes (upwards) at which rate (to the \
                      right), both logarithmic. Full markers were followed without loss and below the limit \
                      (the dashed line), hollow ones were not. Further to the right is better.",
        data: grid(&["flavor", "knee Hz", "limit µs", "probes", "failed"], rows),
        x,
        y,
        height: 230,
        shapes,
        legend: Legend::SeriesAndHollow("too slow or lossy".to_string()),
    })
}

fn micros(ns: u64) -> f64 {
    ns as f64 / 1000.0
}

/// By rate, ascending; a rate that was tried several times is shown at the median of its results.
fn curve(probes: &[Probe]) -> Vec<(f64, f64)> {
    let mut rates: Vec<u64> = probes.iter().map(|probe| probe.rate_hz).collect();
    rates.sort_unstable();
    rates.dedup();
    let at = |rate: u64| {
        let tries = probes.iter().filter(|probe| probe.rate_hz == rate);
        let times: Vec<f64> = tries.map(|probe| micros(probe.due_read_p99_ns)).collect();
        (rate as f64, median(&times))
    };
    rates.into_iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_from_the_lowest_rate_to_the_highest() {
        let probe = |rate_hz, due_read_p99_ns| Probe {
            rate_hz,
            loss_ratio: 0.0,
            due_read_p99_ns,
            passed: true,
        };
        let probes = [probe(100, 3000), probe(10, 1000), probe(100, 5000)];
        assert_eq!(curve(&probes), [(10.0, 1.0), (100.0, 4.0)]);
    }

    #[test]
    fn a_rate_that_a_flavor_could_not_follow_is_hollow() {
        let results = crate::sample::results();
        let knee = &results.knees[0];
        let plot = plot(&[knee]).unwrap();
        let rates = |hollow| {
            let markers = plot.markers("bound", hollow);
            let mut rates: Vec<f64> = markers.into_iter().map(|(rate, _)| rate).collect();
            rates.sort_by(f64::total_cmp);
            rates
        };
        assert_eq!(rates(false), [1000.0, 50_000.0, 60_000.0]);
        assert_eq!(rates(true)[0], 75_000.0);
        assert_eq!(rates(false).len() + rates(true).len(), knee.probes.len());
    }
}
