// SPDX-License-Identifier: GPL-2.0-only

//! The changes from one run of the benchmark to another. Cells are matched by their settings. A difference counts if
//! chance does not explain it and it is not below the threshold.
//!
//! - `change`: one figure, and the verdict on its change;
//! - `knees`: which of the highest rates are compared;
//! - `circumstances`: other differences.
//!
//! All figures of a comparison are tested together: see [`simrupt_statistics::Test`].

mod change;
mod circumstances;
mod knees;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use self::change::{Change, Judge, Verdict};
pub use self::circumstances::circumstances;
use self::knees::{find_knee, matched_knees};
use super::report::group::{by_round, figure_of, saturates};
use super::report::metric::{KNEE, MAIN, Metric, ROUNDING};
use super::results::{Cell, Knee, Results, Setting};
use crate::percentile::{Percentile, Percentiles};
use simrupt_statistics::{Figure, Test, power};

/// The result of comparing two runs.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// How differences were judged.
    pub judge: Judge,
    /// Whether both have the same cells, rounds, times and order.
    pub same_plan: bool,
    /// How many rounds each has.
    pub rounds: (usize, usize),
    /// The cells that both have, in the order of the first.
    pub cells: Vec<Pair<'a>>,
    /// The knees that both searched for in the same way, in the order of the first.
    pub knees: Vec<(&'a Knee, Change)>,
    /// The cells and knees that only the first has.
    pub only_before: Only<'a>,
    /// The cells and knees that only the second has.
    pub only_after: Only<'a>,
}

/// The cells and knees that only one of two runs has.
#[derive(Debug)]
pub struct Only<'a> {
    /// The settings of its cells.
    pub cells: Vec<&'a Setting>,
    /// Its knees.
    pub knees: Vec<&'a Knee>,
}

/// A cell of both runs.
#[derive(Debug)]
pub struct Pair<'a> {
    /// The setting of the cell.
    pub setting: &'a Setting,
    /// A change for each metric that both have.
    pub changes: Vec<Change>,
    /// Metrics that only one of them has.
    pub unmatched: Vec<String>,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No figure is worse, and there were enough rounds for all.
    NotWorse,
    /// None is worse, but for some figures there were too few rounds to tell.
    Undecided,
    /// Some figure is worse.
    Worse,
}

/// Compares `after` with `before`. `threshold` is the share of `before` below which a difference does not count;
/// `metrics` are the names to compare, empty for the default ones.
pub fn compare<'a>(
    before: &'a Results,
    after: &'a Results,
    threshold: f64,
    metrics: &[String],
) -> Comparison<'a> {
    let rounds = (all_rounds(before), all_rounds(after));
    let mut cells: Vec<Pair<'a>> = Vec::new();
    let mut matched: Vec<Matched> = Vec::new();
    for (a, b) in both(before, after) {
        let mut pair = Pair {
            setting: &a.setting,
            changes: Vec::new(),
            unmatched: Vec::new(),
        };
        for name in names(&a.setting, metrics) {
            let metric = Metric(name);
            match (figure(a, metric, &rounds.0), figure(b, metric, &rounds.1)) {
                (Some(before), Some(after)) => matched.push(Matched {
                    place: Place::Cell(cells.len()),
                    metric: name.to_string(),
                    figure: Figure { before, after },
                }),
                (None, None) => {}
                _ => pair.unmatched.push(name.to_string()),
            }
        }
        cells.push(pair);
    }
    if metrics.is_empty() || metrics.iter().any(|name| name == KNEE) {
        matched.extend(matched_knees(before, after, &rounds));
    }
    let repeats = before.environment.repeats() && after.environment.repeats();
    let judge = match repeats {
        true => Judge::Size,
        false => Judge::Chance,
    };
    let mut knees = Vec::new();
    for (place, change) in judged(matched, judge, threshold, before.plan.seed) {
        match place {
            Place::Cell(at) => cells[at].changes.push(change),
            Place::Knee(at) => knees.push((&before.knees[at], change)),
        }
    }
    Comparison {
        judge,
        same_plan: before.plan == after.plan
            && settings(before).eq(settings(after))
            && before.knees.len() == after.knees.len(),
        rounds: (rounds.0.len(), rounds.1.len()),
        cells,
        knees,
        only_before: only(before, after),
        only_after: only(after, before),
    }
}

/// The owner of a figure.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// The pair of cells of this index.
    Cell(usize),
    /// The knee of this index in the first run.
    Knee(usize),
}

/// A figure that both runs have.
struct Matched {
    place: Place,
    metric: String,
    figure: Figure,
}

/// The changes of all figures, each with its owner, in their order.
fn judged(matched: Vec<Matched>, judge: Judge, threshold: f64, seed: u64) -> Vec<(Place, Change)> {
    let (about, figures): (Vec<_>, Vec<Figure>) = matched
        .into_iter()
        .map(|one| ((one.place, one.metric), one.figure))
        .unzip();
    let test = Test {
        floor: ROUNDING,
        seed,
    };
    let mut tested = match judge {
        Judge::Chance => test.runs(&figures),
        Judge::Size => Vec::new(),
    }
    .into_iter();
    let values =
        |rounds: &[Option<f64>]| -> Vec<f64> { rounds.iter().flatten().copied().collect() };
    about
        .into_iter()
        .zip(&figures)
        .map(|((place, metric), figure)| {
            let metric = Metric(&metric);
            let rounds = (values(&figure.before), values(&figure.after));
            let rounds = (rounds.0.as_slice(), rounds.1.as_slice());
            let change = match tested.next() {
                Some(tested) => Change::by_chance(metric, rounds, tested, threshold),
                None => Change::by_size(metric, rounds, threshold),
            };
            (place, change)
        })
        .collect()
}

/// A figure of a cell in each of these rounds; `None` if the cell does not have it.
fn figure(cell: &Cell, metric: Metric<'_>, rounds: &[u32]) -> Option<Vec<Option<f64>>> {
    figure_of(cell, metric)?;
    let values = by_round(cell, metric, rounds);
    values.iter().any(Option::is_some).then_some(values)
}

/// The cells that both runs have.
fn both<'a>(before: &'a Results, after: &'a Results) -> impl Iterator<Item = (&'a Cell, &'a Cell)> {
    let cells = before.cells.iter();
    cells.filter_map(|cell| Some((cell, find(after, &cell.setting)?)))
}

fn find<'a>(results: &'a Results, setting: &Setting) -> Option<&'a Cell> {
    results.cells.iter().find(|cell| cell.setting == *setting)
}

fn settings(results: &Results) -> impl Iterator<Item = &Setting> {
    results.cells.iter().map(|cell| &cell.setting)
}

fn only<'a>(of: &'a Results, other: &Results) -> Only<'a> {
    let knees = of.knees.iter();
    Only {
        cells: settings(of)
            .filter(|setting| find(other, setting).is_none())
            .collect(),
        knees: knees
            .filter(|knee| find_knee(other, knee).is_none())
            .collect(),
    }
}

/// The numbers of all rounds of a run, ascending.
fn all_rounds(results: &Results) -> Vec<u32> {
    let rounds = results.cells.iter().flat_map(|cell| &cell.rounds);
    let of_knees = results.knees.iter().flat_map(|knee| 0..knee.rates_hz.len());
    let of_knees = of_knees.filter_map(|round| u32::try_from(round).ok());
    let rounds: BTreeSet<u32> = rounds.map(|round| round.round).chain(of_knees).collect();
    rounds.into_iter().collect()
}

/// The metrics of a cell to compare. In an open loop the rate is set, so it is not compared.
fn names<'a>(setting: &Setting, metrics: &'a [String]) -> Vec<&'a str> {
    if metrics.is_empty() {
        let saturates = saturates(setting);
        let of_mode = |name: &&str| *name != "runs_hz" || saturates;
        return MAIN.into_iter().filter(of_mode).collect();
    }
    metrics.iter().map(String::as_str).collect()
}

/// How many figures of a cell are compared by default, in a run with these percentiles.
pub fn expected_figures(setting: &Setting, percentiles: &Percentiles) -> usize {
    let has_p99 = percentiles.contains(Percentile::whole(99));
    let is_there = |name: &&str| match *name {
        name if name.ends_with("_p99_ns") && !has_p99 => false,
        "due_read_p99_ns" | "loss_ratio" => setting.is_read(),
        "busy_ns_per_event" => setting.is_idle(),
        _ => true,
    };
    names(setting, &[]).into_iter().filter(is_there).count()
}

impl Comparison<'_> {
    /// How many changes have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.changes()
            .filter(|change| change.verdict == verdict)
            .count()
    }

    /// All changes of all cells, and of all knees.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        let knees = self.knees.iter().map(|(_, change)| change);
        self.cells
            .iter()
            .flat_map(|pair| &pair.changes)
            .chain(knees)
    }

    /// The verdict on all changes together.
    pub fn outcome(&self) -> Outcome {
        match (
            self.count(Verdict::Worse),
            self.count(Verdict::TooFewRounds),
        ) {
            (1.., _) => Outcome::Worse,
            (0, 1..) => Outcome::Undecided,
            (0, 0) => Outcome::NotWorse,
        }
    }

    /// The change of a figure that is found in 95 of 100 comparisons, for the fewest rounds of any figure. It is in
    /// standard deviations of the figure from round to round. `None` if these rounds cannot find any change.
    pub fn least_difference(&self) -> Option<f64> {
        let fewest = |(a, b): (usize, usize), (c, d): (usize, usize)| (a.min(c), b.min(d));
        let rounds = self.changes().map(|change| change.rounds);
        let (before, after) = rounds.reduce(fewest)?;
        power::least_difference(before, after, self.changes().count())
    }
}
