// SPDX-License-Identifier: GPL-2.0-only

//! `simructl compare`: says what has changed from one result of the benchmark to another.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{Compare, Options};
use crate::output;
use simrupt::failure::Failure;
use simrupt::nearest;
use simrupt_bench::compare::{
    Change, Comparison, Judge, Outcome, Pair, Verdict, circumstances, compare,
};
use simrupt_bench::load;
use simrupt_bench::report::group::{conditions, series, stress};
use simrupt_bench::report::metric::Metric;
use simrupt_bench::report::number::{self, counted, percent, probability};
use simrupt_bench::results::{Results, Setting};
use simrupt_bench::statistics::power::{self, USUAL_ROUNDS};
use simrupt_bench::statistics::{CONFIDENCE, LEVEL};

pub(crate) fn run(options: &Options, what: &Compare) -> Result<(), Failure> {
    if [&what.before, &what.after]
        .iter()
        .all(|file| **file == Path::new("-"))
    {
        return Err(
            Failure::new("cannot compare", "standard input cannot be both results")
                .remedy("the name of a file for one of them")
                .usage(),
        );
    }
    let before = load::results(&what.before)?;
    let after = load::results(&what.after)?;
    check_metrics(&what.metrics, &[&before, &after])?;
    let comparison = compare(&before, &after, what.threshold / 100.0, &what.metrics);
    if comparison.cells.is_empty() {
        return Err(
            Failure::new("cannot compare", "the results have no cell in common")
                .remedy("two runs of the same matrix"),
        );
    }
    if comparison.changes().next().is_none() {
        return Err(
            Failure::new("cannot compare", "their cells have no figure in common")
                .remedy("other figures with --metric"),
        );
    }
    let differing = circumstances(&before, &after);
    for (name, before, after) in &differing {
        output::note(&format!(
            "simructl: warning: {name} differs: {} / {}",
            or_dash(before),
            or_dash(after)
        ));
    }
    if options.json {
        output::print_json(&document(&comparison, what.threshold, &differing))?;
    } else {
        output::print(&text(&comparison, what))?;
    }
    let (before, after) = (what.before.display(), what.after.display());
    let of_all = |verdict| {
        format!(
            "{} of {}",
            counted(comparison.count(verdict), "figure"),
            comparison.changes().count()
        )
    };
    match comparison.outcome() {
        Outcome::NotWorse => Ok(()),
        Outcome::Worse => Err(Failure::new(
            format!("{after} is worse than {before}"),
            of_all(Verdict::Worse),
        )
        .remedy(match comparison.judge {
            Judge::Chance => "both runs again, to see whether it stays",
            Judge::Size => {
                "to find the change that made it: it stays, however often the runs are repeated"
            }
        })
        .verdict()),
        Outcome::Undecided => Err(Failure::new(
            format!("cannot tell whether {after} is worse than {before}"),
            format!(
                "too few rounds for {}: {}",
                of_all(Verdict::TooFewRounds),
                rounds(&comparison)
            ),
        )
        .remedy(format!(
            "simructl bench --rounds {USUAL_ROUNDS} for both; {} is the least",
            power::least_rounds_to_compare()
        ))
        .undecided()),
    }
}

/// How many rounds the two have.
fn rounds(comparison: &Comparison<'_>) -> String {
    let (before, after) = comparison.rounds;
    format!("A has {}, B has {after}", counted(before, "round"))
}

fn or_dash(value: &str) -> &str {
    if value.is_empty() { "-" } else { value }
}

/// Refuses names that no cell knows.
fn check_metrics(names: &[String], results: &[&Results]) -> Result<(), Failure> {
    let cells = results.iter().flat_map(|results| &results.cells);
    let known: BTreeSet<&str> = cells
        .flat_map(|cell| cell.metrics.keys().map(String::as_str))
        .collect();
    for name in names {
        if !known.contains(name.as_str()) {
            let why = match nearest(name, known.iter().copied()) {
                Some(near) => format!("neither result has it; did you mean {near}?"),
                None => "neither result has it".to_string(),
            };
            let known: Vec<&str> = known.iter().copied().collect();
            return Err(Failure::new(format!("cannot compare {name}"), why)
                .remedy(format!("one of {}", known.join(", "))));
        }
    }
    Ok(())
}

/// The verdict on everything in a line.
fn summary(comparison: &Comparison<'_>) -> String {
    let cells = counted(comparison.cells.len(), "cell");
    let counts = [
        (Verdict::Worse, "worse"),
        (Verdict::Better, "better"),
        (Verdict::BelowThreshold, "below the threshold"),
        (Verdict::TooFewRounds, "with too few rounds to tell"),
    ]
    .map(|(verdict, words)| (comparison.count(verdict), words));
    let same = comparison.count(Verdict::Same);
    let without = match comparison.judge {
        Judge::Chance => "significant difference",
        Judge::Size => "difference",
    };
    if counts.iter().all(|(count, _)| *count == 0) {
        let figures = counted(same, "figure");
        return format!("no {without} in {cells} ({figures})");
    }
    let mut parts: Vec<String> = counts
        .iter()
        .zip([true, true, false, false])
        .filter(|((count, _), always)| *count > 0 || *always)
        .map(|((count, words), _)| format!("{count} {words}"))
        .collect();
    parts.push(format!("{same} without {without}"));
    format!("{}, in {cells}", parts.join(", "))
}

const HEADER: [&str; 9] = [
    "flavor",
    "figure",
    "unit",
    "A",
    "B",
    "change %",
    "interval %",
    "p",
    "verdict",
];

/// The columns with figures, which stand to the right.
const FIGURES: RangeInclusive<usize> = 3..=7;

/// The columns that only chance has a use for.
const OF_CHANCE: RangeInclusive<usize> = 6..=7;

fn text(comparison: &Comparison<'_>, what: &Compare) -> String {
    let summary = summary(comparison);
    let mut text = format!(
        "A {}\nB {}\n{summary}\n",
        what.before.display(),
        what.after.display()
    );
    let rows: Vec<Vec<String>> = comparison
        .cells
        .iter()
        .flat_map(|pair| {
            let row = |change| row(pair, change, comparison.judge);
            pair.changes.iter().map(row)
        })
        .collect();
    let widths: Vec<Option<usize>> = (0..HEADER.len())
        .map(|at| {
            let cells = rows.iter().map(|row| row[at].as_str()).chain([HEADER[at]]);
            let width = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            let is_shown = comparison.judge == Judge::Chance || !OF_CHANCE.contains(&at);
            is_shown.then_some(width)
        })
        .collect();
    let mut title = None;
    let mut rows = rows.into_iter();
    for pair in &comparison.cells {
        let now = format!("{}, {}", conditions(pair.setting), stress(pair.setting));
        if title.as_ref() != Some(&now) {
            text += &format!("\n{now}\n{}", line(&HEADER.map(String::from), &widths));
            title = Some(now);
        }
        for row in rows.by_ref().take(pair.changes.len()) {
            text += &line(&row, &widths);
        }
        for name in &pair.unmatched {
            text += &format!(
                "  {}: {name} is in one of them only\n",
                series(pair.setting)
            );
        }
    }
    for (settings, of) in [
        (&comparison.only_before, "A"),
        (&comparison.only_after, "B"),
    ] {
        if !settings.is_empty() {
            text += &format!("\nonly in {of}\n");
        }
        for setting in settings {
            text += &format!("  {}\n", place(setting));
        }
    }
    text + "\n" + &legend(what.threshold, comparison) + &summary + "\n"
}

/// What the columns and the verdicts mean, and what so many rounds can tell.
fn legend(threshold: f64, comparison: &Comparison<'_>) -> String {
    if comparison.judge == Judge::Size {
        let plans = match comparison.same_plan {
            true => "",
            false => {
                "; the plans differ, and the phases with them, which may make some of the difference"
            }
        };
        return format!(
            "both ran on one CPU in virtual time, where the same code takes equally long, to the nanosecond:\n\
             no difference is chance, and size alone judges it\n\
             A, B: means of all rounds, whose phases differ{plans}\n\
             below the threshold: less than {threshold} % of A\n"
        );
    }
    let mut lines = vec![format!(
        "p: the probability that chance makes any of {} differ as much; significant up to {LEVEL}",
        counted(comparison.changes().count(), "figure")
    )];
    let intervals = comparison.changes().filter_map(|change| change.interval);
    let confidence = intervals.map(|interval| interval.confidence);
    if let Some(confidence) = confidence.min_by(f64::total_cmp) {
        lines.push(format!(
            "interval: of the change of that figure alone; its confidence is {} % or more",
            number::confidence(confidence.min(CONFIDENCE))
        ));
    }
    lines.push(format!(
        "below the threshold: significant, but less than {threshold} % of A"
    ));
    let rounds = rounds(comparison);
    lines.push(match comparison.least_difference() {
        Some(times) => format!(
            "{rounds}: a change of one figure by {times:.1} times its standard deviation from round to round is \
             found in about 95 of 100 comparisons"
        ),
        None => format!(
            "{rounds}: no difference can be told from chance; it takes {} rounds of each",
            power::least_rounds_to_compare()
        ),
    });
    lines.join("\n") + "\n"
}

fn place(setting: &Setting) -> String {
    format!(
        "{}: {}, {}",
        series(setting),
        conditions(setting),
        stress(setting)
    )
}

fn row(pair: &Pair<'_>, change: &Change, judge: Judge) -> Vec<String> {
    let metric = Metric(&change.metric);
    let shown = |difference: f64| match change.relative(difference) {
        Some(share) => percent(share),
        None => "new".to_string(),
    };
    let interval = match change.interval {
        Some(ends)
            if change.relative(ends.low).is_some() && change.relative(ends.high).is_some() =>
        {
            format!("[{} {}]", shown(ends.low), shown(ends.high))
        }
        // Of 0 there is no share: then it is told in the unit.
        Some(ends) => format!(
            "[{} {}] {}",
            metric.shown(ends.low),
            metric.shown(ends.high),
            metric.unit_name()
        ),
        None => "-".to_string(),
    };
    vec![
        series(pair.setting),
        metric.title(),
        metric.unit_name().to_string(),
        metric.shown(change.before),
        metric.shown(change.after),
        shown(change.after - change.before),
        interval,
        change.p.map_or("-".to_string(), probability),
        change.verdict.words(judge).to_string(),
    ]
}

/// A line: words to the left, figures to the right; a column without a width is left out.
fn line(cells: &[String], widths: &[Option<usize>]) -> String {
    let mut line = String::new();
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let Some(width) = *width else {
            continue;
        };
        line += "  ";
        line += &match at {
            at if FIGURES.contains(&at) => format!("{cell:>width$}"),
            _ => format!("{cell:<width$}"),
        };
    }
    line.truncate(line.trim_end().len());
    line + "\n"
}

fn document(
    comparison: &Comparison<'_>,
    threshold: f64,
    differing: &[(String, String, String)],
) -> Value {
    let cells: Vec<Value> = comparison
        .cells
        .iter()
        .map(|pair| {
            let changes: Vec<Value> = pair.changes.iter().map(change_document).collect();
            json!({ "setting": pair.setting, "changes": changes, "unmatched": pair.unmatched })
        })
        .collect();
    let environment: Vec<Value> = differing
        .iter()
        .map(|(name, before, after)| json!({ "name": name, "before": before, "after": after }))
        .collect();
    let (rounds_before, rounds_after) = comparison.rounds;
    json!({
        "outcome": match comparison.outcome() {
            Outcome::NotWorse => "not_worse",
            Outcome::Undecided => "undecided",
            Outcome::Worse => "worse",
        },
        "judged_by": match comparison.judge {
            Judge::Chance => "chance",
            Judge::Size => "size",
        },
        "threshold_percent": threshold,
        "rounds_before": rounds_before,
        "rounds_after": rounds_after,
        "least_rounds": power::least_rounds_to_compare(),
        "least_difference_sd": comparison.least_difference(),
        "worse": comparison.count(Verdict::Worse),
        "better": comparison.count(Verdict::Better),
        "below_threshold": comparison.count(Verdict::BelowThreshold),
        "too_few_rounds": comparison.count(Verdict::TooFewRounds),
        "no_significant_difference": comparison.count(Verdict::Same),
        "cells": cells,
        "only_before": comparison.only_before,
        "only_after": comparison.only_after,
        "environment_differences": environment,
    })
}

fn change_document(change: &Change) -> Value {
    json!({
        "metric": change.metric,
        "before": change.before,
        "after": change.after,
        "change_ratio": change.share(),
        "interval": change.interval.map(|ends| [ends.low, ends.high]),
        "confidence": change.interval.map(|ends| ends.confidence),
        "p": change.p,
        "verdict": change.verdict.key(),
    })
}
