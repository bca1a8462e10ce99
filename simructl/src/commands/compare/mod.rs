// SPDX-License-Identifier: GPL-2.0-only

//! `simructl compare`: reports what has changed from one benchmark result to another.

mod ci;
mod document;
mod text;

use std::collections::BTreeSet;
use std::path::PathBuf;

use self::document::document;
use self::text::text;
use crate::cli::{Compare, Options};
use crate::commands::result_files;
use crate::output;
use simrupt::failure::Failure;
use simrupt::nearest;
use simrupt::sysroot::input_name;
use simrupt_bench::compare::{Change, Judge, Outcome, Verdict, circumstances, compare};
use simrupt_bench::join::{join, share_rounds};
use simrupt_bench::report::about;
use simrupt_bench::report::metric::KNEE;
use simrupt_bench::report::number::counted;
use simrupt_bench::results::Results;
use simrupt_statistics::power::{self, USUAL_ROUNDS};

pub(crate) fn run(options: &Options, what: &Compare) -> Result<(), Failure> {
    let sides = [what.a.as_slice(), what.b.as_slice()];
    let sides = match what.before.is_empty() {
        true => sides,
        false => [what.before.as_slice(), what.after.as_slice()],
    };
    result_files::check("cannot compare", sides.into_iter().flatten())?;
    let [before_names, after_names] = sides.map(names);
    let [before_files, after_files] = sides;
    let before = joined(before_files)?;
    let after = joined(after_files)?;
    check_metrics(&what.metrics, &[&before, &after])?;
    let comparison = compare(&before, &after, what.threshold / 100.0, &what.metrics);
    // Knees alone are compared if there is nothing else, or nothing else was asked for.
    let only_knees = before.cells.is_empty() && after.cells.is_empty()
        || !what.metrics.is_empty() && what.metrics.iter().all(|name| name == KNEE);
    if comparison.cells.is_empty() && !only_knees {
        return Err(
            Failure::new("cannot compare", "the results have no cell in common")
                .remedy("two runs of the same matrix"),
        );
    }
    if comparison.changes().next().is_none() {
        return Err(
            Failure::new("cannot compare", "the results have no figure in common")
                .remedy("other figures with --metric"),
        );
    }
    if !before.environment.repeats() && share_rounds(&before, &after) {
        output::note(&format!(
            "warning: {before_names} and {after_names} have rounds of the same run, which cannot differ"
        ));
    }
    let differing = circumstances(&before, &after);
    for (name, before, after) in &differing {
        output::note(&format!("warning: {name} differs: {before} / {after}"));
    }
    if what.ktap {
        output::print(&ci::ktap(&comparison))?;
    } else if what.lava {
        output::print(&ci::lava(&comparison))?;
    } else if options.json {
        let sides = [(before_files, &before), (after_files, &after)];
        output::print_json(&document(&comparison, sides, what.threshold, &differing))?;
    } else {
        let named = [(&before_names, &before), (&after_names, &after)]
            .map(|(names, results)| format!("{names}, {}", about::run(results)));
        let text = text(
            &comparison,
            named.each_ref().map(String::as_str),
            what.threshold,
        );
        output::print(&text)?;
    }
    let (before, after) = (before_names, after_names);
    let of_all = |verdict| {
        format!(
            "{} of {}",
            counted(comparison.count(verdict), "figure"),
            comparison.changes().count()
        )
    };
    let is_short = |change: &&Change| change.verdict == Verdict::TooFewRounds;
    match comparison.outcome() {
        Outcome::NotWorse => Ok(()),
        Outcome::Worse => Err(Failure::new(
            format!("{after} is worse than {before}"),
            of_all(Verdict::Worse),
        )
        .remedy(match comparison.judge {
            Judge::Chance => "both runs again, to see whether it stays",
            Judge::Size => {
                "to find the change that caused it; to repeat the runs would change nothing"
            }
        })
        .verdict()),
        Outcome::Undecided => Err(Failure::new(
            format!("cannot tell whether {after} is worse than {before}"),
            format!(
                "too few rounds for {}: {}",
                of_all(Verdict::TooFewRounds),
                rounds(comparison.changes().filter(is_short))
            ),
        )
        .remedy(format!(
            "simructl bench --rounds {USUAL_ROUNDS} for both; {} is the least",
            power::least_rounds_to_compare()
        ))
        .undecided()),
    }
}

/// The names of the files of a side.
fn names(files: &[PathBuf]) -> String {
    let names: Vec<_> = files.iter().map(|file| input_name(file)).collect();
    names.join(" + ")
}

/// The results of a side, joined into one.
fn joined(files: &[PathBuf]) -> Result<Results, Failure> {
    join(result_files::load(files)?)
}

/// How many rounds both sides have of these figures. Cells with their own plan have more or fewer rounds than the
/// others.
fn rounds<'a>(changes: impl Iterator<Item = &'a Change>) -> String {
    let (before, after): (Vec<_>, Vec<_>) = changes.map(|change| change.rounds).unzip();
    let range = |mut counts: Vec<usize>| {
        counts.sort_unstable();
        counts.dedup();
        match counts.as_slice() {
            [least, .., most] => format!("{least} to {}", counted(*most, "round")),
            _ => counted(counts.first().copied().unwrap_or(0), "round"),
        }
    };
    format!("A has {}, B has {}", range(before), range(after))
}

/// Refuses names of figures that no cell has.
fn check_metrics(names: &[String], results: &[&Results]) -> Result<(), Failure> {
    let cells = results.iter().flat_map(|results| &results.cells);
    let has_knees = results.iter().any(|results| !results.knees.is_empty());
    let known: BTreeSet<&str> = cells
        .flat_map(|cell| cell.metrics.keys().map(String::as_str))
        .chain(has_knees.then_some(KNEE))
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
