// SPDX-License-Identifier: GPL-2.0-only

//! Two runs of the same preset, figure by figure. Pure.

use std::fmt::Write;

use crate::Answer;
use crate::results::{Cell, Results};

/// The endings of the names of figures that are compared: those to which all events contribute. If CPUs take turns, the
/// turns decide the tails, and which task is charged for a moment.
const OF_ALL: [&str; 3] = ["_hz", "_ratio", "_mean_ns"];

/// A median latency is a bucket of a histogram: two medians that differ by very little can be a bucket apart.
const BUCKET_PERCENT: f64 = 100.0 / 64.0;

/// By how many percent a figure may differ, if figures of all events may differ by `percent`; `None` if the figure does
/// not count.
fn limit_percent(metric: &str, percent: f64) -> Option<f64> {
    if OF_ALL.iter().any(|end| metric.ends_with(end)) {
        Some(percent)
    } else {
        metric
            .ends_with("_p50_ns")
            .then_some(percent.max(BUCKET_PERCENT))
    }
}

/// Lists the figures that differ by more than `percent` of the larger one, or by more than a bucket.
pub(crate) fn compare(first: &Results, other: &Results, percent: f64) -> (String, Answer) {
    let mut report = String::new();
    let (mut compared, mut different) = (0, 0);
    let mut worst = (0.0, String::from("none"));
    if first.cells.len() != other.cells.len() {
        let (one, two) = (first.cells.len(), other.cells.len());
        let _ = writeln!(report, "one has {one} cells, the other {two}");
        different += 1;
    }
    for cell in &first.cells {
        let name = cell.name();
        let Some(twin) = other.cells.iter().find(|twin| twin.setting == cell.setting) else {
            let _ = writeln!(report, "{name}: only in the first");
            different += 1;
            continue;
        };
        for (metric, one, two) in pairs(cell, twin) {
            let Some(limit) = limit_percent(metric, percent) else {
                continue;
            };
            compared += 1;
            let difference = difference_percent(one, two);
            if difference > worst.0 {
                worst = (difference, format!("{metric} of {name}"));
            }
            if difference > limit {
                let _ = writeln!(
                    report,
                    "{name}: {metric} {one} and {two}, {difference:.2} %"
                );
                different += 1;
            }
        }
    }
    let _ = writeln!(
        report,
        "{compared} figures, {different} differ by too much; the largest difference: {:.3} %, {}",
        worst.0, worst.1
    );
    let answer = match (compared, different) {
        (_, 1..) => Answer::No,
        (0, _) => Answer::Nothing,
        _ => Answer::Yes,
    };
    (report, answer)
}

/// The medians of each metric that counts; NaN for a cell that does not have the metric.
fn pairs<'a>(one: &'a Cell, two: &'a Cell) -> impl Iterator<Item = (&'a str, f64, f64)> {
    let median = |cell: &Cell, name: &str| cell.metrics.get(name).map_or(f64::NAN, |m| m.median);
    let missing = two
        .metrics
        .keys()
        .filter(|name| !one.metrics.contains_key(*name));
    one.metrics
        .keys()
        .chain(missing)
        .map(move |name| (name.as_str(), median(one, name), median(two, name)))
}

/// The difference of two figures, in percent of the larger one; infinite if one is missing.
fn difference_percent(one: f64, two: f64) -> f64 {
    if one == two {
        0.0
    } else if one.is_nan() || two.is_nan() {
        f64::INFINITY
    } else {
        100.0 * (one - two).abs() / one.abs().max(two.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::document;

    fn answer(first: &Results, other: &Results) -> (String, Answer) {
        compare(first, other, 0.5)
    }

    fn add(results: &mut Results, metric: &str, median: f64) {
        let metrics = &mut results.cells[0].metrics;
        let estimate = crate::results::Estimate {
            median,
            ..metrics["runs_hz"]
        };
        metrics.insert(metric.to_owned(), estimate);
    }

    #[test]
    fn figures_within_the_limit_are_the_same() {
        let first = document(&[("cpu", [1000.0, 0.0, 0.0])]);
        let (report, outcome) = answer(&first, &document(&[("cpu", [1004.9, 0.0, 0.0])]));
        assert!(matches!(outcome, Answer::Yes), "{report}");
        let (report, outcome) = answer(&first, &document(&[("cpu", [1006.0, 0.0, 0.0])]));
        assert!(matches!(outcome, Answer::No));
        assert!(report.contains("runs_hz 1000 and 1006, 0.60 %"), "{report}");
    }

    #[test]
    fn a_cell_that_one_run_lacks_is_a_difference() {
        let (one, two) = (("cpu", [1.0; 3]), ("numa", [1.0; 3]));
        let (report, outcome) = answer(&document(&[one, two]), &document(&[one]));
        assert!(matches!(outcome, Answer::No));
        assert!(report.contains("affinity_scope=numa"), "{report}");
        assert!(matches!(
            answer(&document(&[one]), &document(&[one, two])).1,
            Answer::No
        ));
    }

    #[test]
    fn a_metric_that_one_run_lacks_is_a_difference() {
        let full = document(&[("cpu", [1.0; 3])]);
        let mut empty = document(&[("cpu", [1.0; 3])]);
        empty.cells[0].metrics.clear();
        assert!(matches!(answer(&full, &empty).1, Answer::No));
        assert!(matches!(answer(&empty, &full).1, Answer::No));
        assert!(matches!(answer(&empty, &empty).1, Answer::Nothing));
    }

    #[test]
    fn figures_that_turns_decide_do_not_count_and_a_median_may_be_a_bucket_off() {
        let answer_for = |metric: &str, values: [f64; 2]| {
            let mut one = document(&[("cpu", [1.0; 3])]);
            let mut two = document(&[("cpu", [1.0; 3])]);
            add(&mut one, metric, values[0]);
            add(&mut two, metric, values[1]);
            answer(&one, &two).1
        };
        for metric in ["irq_bh_max_ns", "irq_bh_p99_ns", "reader_ns_per_event"] {
            assert!(matches!(answer_for(metric, [5.0, 50.0]), Answer::Yes));
        }
        assert!(matches!(
            answer_for("irq_bh_p50_ns", [6335.0, 6399.0]),
            Answer::Yes
        ));
        assert!(matches!(
            answer_for("irq_bh_p50_ns", [6335.0, 6500.0]),
            Answer::No
        ));
        assert!(matches!(
            answer_for("irq_bh_mean_ns", [6335.0, 6399.0]),
            Answer::No
        ));
    }
}
