// SPDX-License-Identifier: GPL-2.0-only

//! A comparison as a table.

use std::iter;
use std::ops::RangeInclusive;

use super::rounds;
use simrupt::layout::Columns;
use simrupt::text::in_one_row;
use simrupt_bench::compare::{Change, Comparison, Judge, Pair, Verdict};
use simrupt_bench::knee::RESOLUTION;
use simrupt_bench::report::group::{conditions, knee_name, series, stress};
use simrupt_bench::report::metric::Metric;
use simrupt_bench::report::number::{self, counted, percent, plain, probability};
use simrupt_bench::results::{Knee, Setting};
use simrupt_statistics::{CONFIDENCE, LEVEL, power};

/// The verdict on all figures, in one line.
fn summary(comparison: &Comparison<'_>) -> String {
    let compared = comparison
        .cells
        .iter()
        .filter(|pair| !pair.changes.is_empty());
    let things = [(compared.count(), "cell"), (comparison.knees.len(), "knee")];
    let cells: Vec<String> = things
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, thing)| counted(count, thing))
        .collect();
    let cells = cells.join(" and ");
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

/// The columns with figures, which are right-aligned.
const FIGURES: RangeInclusive<usize> = 3..=7;

/// The columns that are used only where chance is judged.
const OF_CHANCE: RangeInclusive<usize> = 6..=7;

/// The table, with a summary above and a legend below. The two texts name the runs.
pub(super) fn text(
    comparison: &Comparison<'_>,
    [before, after]: [&str; 2],
    threshold: f64,
) -> String {
    let summary = summary(comparison);
    let [before, after] = [before, after].map(in_one_row);
    let mut text = format!("A {before}\nB {after}\n{summary}\n");
    let rows: Vec<Vec<String>> = comparison
        .cells
        .iter()
        .flat_map(|pair| pair.changes.iter().map(|change| (pair.setting, change)))
        .chain(
            comparison
                .knees
                .iter()
                .map(|(knee, change)| (&knee.setting, change)),
        )
        .map(|(setting, change)| row(setting, change, comparison.judge))
        .collect();
    let is_shown = |at: &usize| comparison.judge == Judge::Chance || !OF_CHANCE.contains(at);
    let shown: Vec<usize> = (0..HEADER.len()).filter(is_shown).collect();
    let of_shown = |row: Vec<String>| -> Vec<String> {
        let cells = row.into_iter().enumerate();
        let cells = cells.filter(|(at, _)| shown.contains(at));
        cells.map(|(_, cell)| cell).collect()
    };
    let header = HEADER.map(String::from).to_vec();
    let mut rows: Vec<Vec<String>> = iter::once(header).chain(rows).map(of_shown).collect();
    let columns = Columns::of(&rows, |at| FIGURES.contains(&shown[at]));
    let line = |row: &[String]| columns.line("  ", 2, row);
    let header = line(&rows.remove(0));
    let mut title = None;
    let mut rows = rows.into_iter();
    let is_shown = |pair: &&Pair<'_>| !pair.changes.is_empty() || !pair.unmatched.is_empty();
    for pair in comparison.cells.iter().filter(is_shown) {
        let now = format!("{}, {}", conditions(pair.setting), stress(pair.setting));
        if title.as_ref() != Some(&now) {
            text += &format!("\n{now}\n{header}");
            title = Some(now);
        }
        for row in rows.by_ref().take(pair.changes.len()) {
            text += &line(&row);
        }
        for name in &pair.unmatched {
            text += &format!(
                "  {}: {} is in one of them only\n",
                series(pair.setting),
                in_one_row(name)
            );
        }
    }
    for ((knee, _), row) in comparison.knees.iter().zip(rows) {
        let now = knee_title(knee);
        if title.as_ref() != Some(&now) {
            text += &format!("\n{now}\n{header}");
            title = Some(now);
        }
        text += &line(&row);
    }
    for (only, of) in [
        (&comparison.only_before, "A"),
        (&comparison.only_after, "B"),
    ] {
        let cells = only.cells.iter().map(|setting| place(setting));
        let knees = only.knees.iter().map(|knee| knee_place(knee));
        let places: Vec<String> = cells.chain(knees).collect();
        if !places.is_empty() {
            text += &format!("\nonly in {of}\n  {}\n", places.join("\n  "));
        }
    }
    text + "\n" + &legend(threshold, comparison) + &summary + "\n"
}

/// The meaning of the columns and the verdicts, and what this number of rounds can tell.
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
             below the threshold: {}\n",
            below_threshold(threshold, comparison)
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
    let below = below_threshold(threshold, comparison);
    lines.push(format!("below the threshold: significant, but {below}"));
    let mut counts = comparison.changes().map(|change| change.rounds);
    let first = counts.next();
    let mut rounds = rounds(comparison.changes());
    if counts.any(|one| Some(one) != first) {
        rounds += "; with the fewest";
    }
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

/// How small a difference must be to be ignored.
fn below_threshold(percent: f64, comparison: &Comparison<'_>) -> String {
    let of_knees = (RESOLUTION - 1.0) * 100.0;
    match comparison.knees.is_empty() || percent >= of_knees {
        true => format!("less than {percent} % of A"),
        false => format!("less than {percent} % of A, or {of_knees:.0} % of a highest rate"),
    }
}

fn place(setting: &Setting) -> String {
    format!(
        "{}: {}, {}",
        series(setting),
        conditions(setting),
        stress(setting)
    )
}

/// The attributes that knees have in common that are read together.
fn knee_title(knee: &Knee) -> String {
    let common = knee.common_setting();
    let limit = plain(knee.p99_limit_ns as f64 / 1000.0);
    format!("{}, p99 under {limit} µs", knee_name(&common).1)
}

fn knee_place(knee: &Knee) -> String {
    let (min, max) = (knee.min_hz, knee.max_hz);
    format!(
        "{}: {}, from {min} to {max} Hz",
        series(&knee.setting),
        knee_title(knee)
    )
}

fn row(setting: &Setting, change: &Change, judge: Judge) -> Vec<String> {
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
        // There is no share of 0, so the change is told in the unit of the figure.
        Some(ends) => format!(
            "[{} {}] {}",
            metric.shown(ends.low),
            metric.shown(ends.high),
            metric.unit_name()
        ),
        None => "-".to_string(),
    };
    vec![
        series(setting),
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
