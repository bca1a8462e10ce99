// SPDX-License-Identifier: GPL-2.0-only

//! `simructl compare`: says what has changed from one result of the benchmark to another.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{Compare, Options};
use crate::output;
use simrupt::failure::Failure;
use simrupt::nearest;
use simrupt_bench::compare::{Change, Comparison, Pair, Verdict, circumstances, compare};
use simrupt_bench::load;
use simrupt_bench::report::group::{conditions, series, stress};
use simrupt_bench::report::metric::Metric;
use simrupt_bench::report::number::{counted, percent};
use simrupt_bench::results::{Results, Setting};

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
    match comparison.count(Verdict::Worse) {
        0 => Ok(()),
        worse => Err(Failure::new(
            format!(
                "{} is worse than {}",
                what.after.display(),
                what.before.display()
            ),
            format!(
                "{} of {}",
                counted(worse, "figure"),
                comparison.changes().count()
            ),
        )
        .remedy("both runs again, to see whether it stays")
        .verdict()),
    }
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
    let [worse, better, noise, same] = [
        Verdict::Worse,
        Verdict::Better,
        Verdict::Noise,
        Verdict::Same,
    ]
    .map(|verdict| comparison.count(verdict));
    match (worse, better, noise) {
        (0, 0, 0) => format!(
            "no significant difference in {cells} ({})",
            counted(same, "figure")
        ),
        _ => format!(
            "{worse} worse, {better} better, {noise} within noise, {same} without significant \
             difference, in {cells}"
        ),
    }
}

const HEADER: [&str; 8] = [
    "flavor",
    "figure",
    "unit",
    "A",
    "B",
    "change %",
    "95 % interval",
    "verdict",
];

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
        .flat_map(|pair| pair.changes.iter().map(|change| row(pair, change)))
        .collect();
    let widths: Vec<usize> = (0..HEADER.len())
        .map(|at| {
            let cells = rows.iter().map(|row| row[at].as_str()).chain([HEADER[at]]);
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
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
    text + "\n" + &threshold(what.threshold, comparison) + "\n" + &summary + "\n"
}

/// What the threshold means, and what the intervals cannot tell.
fn threshold(percent: f64, comparison: &Comparison<'_>) -> String {
    let mut text = format!("within noise: significant, but less than {percent} % of A");
    if comparison.changes().any(|change| change.interval.is_none()) {
        text += "; where there is no interval, one round was run, and the threshold alone decides";
    }
    text
}

fn place(setting: &Setting) -> String {
    format!(
        "{}: {}, {}",
        series(setting),
        conditions(setting),
        stress(setting)
    )
}

fn row(pair: &Pair<'_>, change: &Change) -> Vec<String> {
    let metric = Metric(&change.metric);
    let shown = |difference: f64| match change.relative(difference) {
        Some(share) => percent(share),
        None => "new".to_string(),
    };
    let interval = match change.interval {
        Some((low, high)) if change.relative(low).is_some() && change.relative(high).is_some() => {
            format!("[{} {}]", shown(low), shown(high))
        }
        // Of nothing there is no share: then it is told in the unit.
        Some((low, high)) => format!(
            "[{} {}] {}",
            metric.shown(low),
            metric.shown(high),
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
        change.verdict.words().to_string(),
    ]
}

/// A line: words to the left, figures to the right.
fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (at, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        line += "  ";
        line += &match at {
            3..=6 => format!("{cell:>width$}"),
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
    json!({
        "threshold_percent": threshold,
        "worse": comparison.count(Verdict::Worse),
        "better": comparison.count(Verdict::Better),
        "within_noise": comparison.count(Verdict::Noise),
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
        "interval": change.interval.map(|(low, high)| [low, high]),
        "verdict": change.verdict.words(),
    })
}
