// SPDX-License-Identifier: GPL-2.0-only

//! A comparison as JSON; Documentation/bench-reports.md describes it.

use std::path::PathBuf;

use serde_json::{Value, json};

use simrupt_bench::compare::{Change, Comparison, Judge, Outcome, Verdict};
use simrupt_bench::results::{Knee, Results, Setting};
use simrupt_statistics::power;

pub(super) fn document(
    comparison: &Comparison<'_>,
    sides: [(&[PathBuf], &Results); 2],
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
    let knees: Vec<Value> = comparison
        .knees
        .iter()
        .map(|(knee, change)| {
            json!({
                "setting": knee.common_setting(),
                "p99_limit_ns": knee.p99_limit_ns,
                "change": change_document(change),
            })
        })
        .collect();
    let only_knees = |knees: &[&Knee]| -> Vec<Setting> {
        knees.iter().map(|knee| knee.common_setting()).collect()
    };
    let [before, after] = sides.map(|(files, results)| side(files, results));
    let (rounds_before, rounds_after) = comparison.rounds;
    json!({
        "before": before,
        "after": after,
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
        "knees": knees,
        "only_before": comparison.only_before.cells,
        "only_after": comparison.only_after.cells,
        "knees_only_before": only_knees(&comparison.only_before.knees),
        "knees_only_after": only_knees(&comparison.only_after.knees),
        "environment_differences": environment,
    })
}

/// A side of the comparison: its files, and the description of the run in the first of them.
fn side(files: &[PathBuf], results: &Results) -> Value {
    let files: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    json!({
        "files": files,
        "label": results.label,
        "started_unix_s": results.started_unix_s,
    })
}

fn change_document(change: &Change) -> Value {
    json!({
        "metric": change.metric,
        "before": change.before,
        "after": change.after,
        "rounds_before": change.rounds.0,
        "rounds_after": change.rounds.1,
        "change_ratio": change.share(),
        "interval": change.interval.map(|ends| [ends.low, ends.high]),
        "confidence": change.interval.map(|ends| ends.confidence),
        "p": change.p,
        "verdict": change.verdict.key(),
    })
}
