// SPDX-License-Identifier: GPL-2.0-only

//! Two runs of the same preset, figure by figure. Pure.

use std::fmt::Write;

use crate::Answer;
use crate::results::{Cell, Results};

/// What one late event decides is not compared: the far tails.
const TAILS: [&str; 3] = ["_p999_ns", "_p9999_ns", "_max_ns"];

/// Says which figures differ by more than `percent` of the larger one.
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
            compared += 1;
            let difference = difference_percent(one, two);
            if difference > worst.0 {
                worst = (difference, format!("{metric} of {name}"));
            }
            if difference > percent {
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
        "{compared} figures, {different} differences of more than {percent} %; the largest: {:.3} %, {}",
        worst.0, worst.1
    );
    let answer = match (compared, different) {
        (_, 1..) => Answer::No,
        (0, _) => Answer::Nothing,
        _ => Answer::Yes,
    };
    (report, answer)
}

/// The medians of each metric that counts; of one that only one cell has, the other's is not a number.
fn pairs<'a>(one: &'a Cell, two: &'a Cell) -> impl Iterator<Item = (&'a str, f64, f64)> {
    let median = |cell: &Cell, name: &str| cell.metrics.get(name).map_or(f64::NAN, |m| m.median);
    let missing = two
        .metrics
        .keys()
        .filter(|name| !one.metrics.contains_key(*name));
    one.metrics
        .keys()
        .chain(missing)
        .filter(|name| !TAILS.iter().any(|tail| name.ends_with(tail)))
        .map(move |name| (name.as_str(), median(one, name), median(two, name)))
}

/// By how much two figures differ, in percent of the larger one; infinite when one is missing.
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
    fn the_far_tails_are_left_out() {
        let mut one = document(&[("cpu", [1.0; 3])]);
        let mut two = document(&[("cpu", [1.0; 3])]);
        for (results, median) in [(&mut one, 5.0), (&mut two, 50.0)] {
            let metrics = &mut results.cells[0].metrics;
            let estimate = crate::results::Estimate {
                median,
                ..metrics["runs_hz"]
            };
            metrics.insert("irq_bh_max_ns".to_owned(), estimate);
        }
        assert!(matches!(answer(&one, &two).1, Answer::Yes));
    }
}
