// SPDX-License-Identifier: GPL-2.0-only

//! The report for LAVA: a line `case result value unit` for each figure, in the form of its test definitions.

use super::case::{figure_name, knee_name, measurement};
use super::is_finished;
use super::metric::{KNEE, Metric};
use crate::results::Results;

/// The medians of all metrics of all cells, and the highest rates. A figure passes if all of its rounds were run.
pub fn lava(results: &Results) -> String {
    let mut text = String::new();
    let result = |rounds, planned| {
        if is_finished(results, rounds, planned) {
            "pass"
        } else {
            "fail"
        }
    };
    for cell in &results.cells {
        for (name, estimate) in &cell.metrics {
            let metric = Metric(name);
            text += &line(
                &figure_name(&cell.setting, metric),
                result(cell.rounds.len(), cell.planned_rounds(&results.plan)),
                &measurement(metric, estimate.median),
            );
        }
    }
    for knee in &results.knees {
        let Some(estimate) = &knee.rate_hz else {
            continue;
        };
        let value = measurement(Metric(KNEE), estimate.median);
        text += &line(
            &knee_name(knee),
            result(knee.rates_hz.len(), results.plan.rounds),
            &value,
        );
    }
    text
}

/// A line: the name, `pass`, `fail` or `skip`, and the value with its unit.
pub fn line(name: &str, result: &str, value: &str) -> String {
    format!("{name} {result} {value}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn every_figure_is_a_line_of_four_words() {
        let results = sample::results();
        let text = lava(&results);
        let figures: usize = results.cells.iter().map(|cell| cell.metrics.len()).sum();
        assert_eq!(text.lines().count(), figures + results.knees.len());
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [name, "pass", value, _] = words[..] else {
                panic!("{line}");
            };
            let is_taken = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            assert!(name.chars().all(is_taken), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }

    #[test]
    fn a_figure_with_unfinished_rounds_has_failed() {
        let mut results = sample::results();
        results.complete = false;
        results.cells[0].rounds.pop();
        let metrics = results.cells[0].metrics.len();
        let text = lava(&results);
        assert_eq!(text.matches(" fail ").count(), metrics);
    }
}
