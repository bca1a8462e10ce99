// SPDX-License-Identifier: GPL-2.0-only

//! A comparison for CI systems, as KTAP or in LAVA's lines: a test for each figure.

use simrupt::ktap::{Ktap, Outcome};
use simrupt_bench::compare::{Change, Comparison, Judge, Verdict};
use simrupt_bench::report::case::{figure_name, knee_name, measurement};
use simrupt_bench::report::lava::line;
use simrupt_bench::report::metric::Metric;
use simrupt_bench::report::number::{percent, probability};

/// The figures of both results, by name; for a figure that only one of them has, the reason why it is skipped.
fn tests<'a>(comparison: &'a Comparison<'_>) -> Vec<(String, Result<&'a Change, &'static str>)> {
    let mut tests = Vec::new();
    for pair in &comparison.cells {
        let name = |metric: &str| figure_name(pair.setting, Metric(metric));
        tests.extend(
            pair.changes
                .iter()
                .map(|change| (name(&change.metric), Ok(change))),
        );
        let unmatched = pair.unmatched.iter();
        tests.extend(unmatched.map(|metric| (name(metric), Err("only one of the results has it"))));
    }
    let knees = comparison.knees.iter();
    tests.extend(knees.map(|(knee, change)| (knee_name(knee), Ok(change))));
    tests
}

/// The outcome of the test for a change.
fn outcome(change: &Change, judge: Judge) -> Outcome {
    match change.verdict {
        Verdict::Worse => Outcome::Fail,
        Verdict::TooFewRounds => Outcome::Skip(change.verdict.words(judge).to_string()),
        Verdict::Same | Verdict::BelowThreshold | Verdict::Better => Outcome::Pass,
    }
}

/// A test for each figure: not ok when it is worse, skipped when there were too few rounds to tell.
pub(super) fn ktap(comparison: &Comparison<'_>) -> String {
    let mut ktap = Ktap::default();
    for (name, change) in tests(comparison) {
        match change {
            Ok(change) => {
                ktap.diagnostic(&words(change, comparison.judge));
                ktap.test(&name, outcome(change, comparison.judge));
            }
            Err(why) => ktap.test(&name, Outcome::Skip(why.to_string())),
        }
    }
    ktap.text()
}

/// Both values, the change, and the verdict.
fn words(change: &Change, judge: Judge) -> String {
    let metric = Metric(&change.metric);
    let [before, after] = [change.before, change.after].map(|value| measurement(metric, value));
    let by = change
        .share()
        .map_or("new".to_string(), |share| percent(share) + " %");
    let p = change
        .p
        .map_or(String::new(), |p| format!(", p {}", probability(p)));
    format!(
        "A {before}, B {after}, {by}{p}: {}",
        change.verdict.words(judge)
    )
}

/// A line for each figure that both results have, with its value in the second.
pub(super) fn lava(comparison: &Comparison<'_>) -> String {
    let tests = tests(comparison).into_iter();
    let lines = tests.filter_map(|(name, change)| {
        let change = change.ok()?;
        let result = match outcome(change, comparison.judge) {
            Outcome::Pass => "pass",
            Outcome::Fail | Outcome::Timeout => "fail",
            Outcome::Skip(_) => "skip",
        };
        let value = measurement(Metric(&change.metric), change.after);
        Some(line(&name, result, &value))
    });
    lines.collect()
}
