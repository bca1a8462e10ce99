// SPDX-License-Identifier: GPL-2.0-only

//! What has changed from one run of the benchmark to another. Cells are matched by their settings. A difference
//! counts when chance does not explain it and it is not too small to care about.
//!
//! - `change`: one figure, and what its change means;
//! - `circumstances`: what else differs.
//!
//! All figures of a comparison are tested together: see [`max_t`](crate::statistics).

mod change;
mod circumstances;
#[cfg(test)]
mod simulation;

use std::collections::BTreeSet;

pub use self::change::{Change, Judge, Verdict};
pub use self::circumstances::circumstances;
use super::report::group::{by_round, figure_of, saturates};
use super::report::metric::{Metric, ROUNDING};
use super::results::{Cell, Results, Setting};
use super::rig::is_read;
use super::statistics::{Figure, Test, power};

/// The metrics that are compared when none are named; those of a cell depend on its mode.
const DEFAULTS: [&str; 6] = [
    "irq_bh_p50_ns",
    "irq_bh_p99_ns",
    "due_read_p99_ns",
    "runs_hz",
    "busy_ns_per_event",
    "loss_ratio",
];

/// All that there is to say about two runs.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// How differences were judged.
    pub judge: Judge,
    /// Whether both did the same: cells, rounds, times and order.
    pub same_plan: bool,
    /// How many rounds either has.
    pub rounds: (usize, usize),
    /// The cells that both have, in the order of the first.
    pub cells: Vec<Pair<'a>>,
    /// Settings that only the first has.
    pub only_before: Vec<&'a Setting>,
    /// Settings that only the second has.
    pub only_after: Vec<&'a Setting>,
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

/// What a comparison comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No figure is worse, and there were enough rounds for all.
    NotWorse,
    /// Of some figures there were too few rounds to tell, and none is worse.
    Undecided,
    /// Some figure is worse.
    Worse,
}

/// Compares `after` with `before`. `threshold` is the share of `before` under which a difference does not
/// count; `metrics` are the names to compare, none for the usual ones.
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
            match (figure_of(a, metric), figure_of(b, metric)) {
                (Some(before), Some(after)) => matched.push(Matched {
                    pair: cells.len(),
                    metric: name.to_string(),
                    medians: (before, after),
                    figure: Figure {
                        before: by_round(a, metric, &rounds.0),
                        after: by_round(b, metric, &rounds.1),
                    },
                }),
                (None, None) => {}
                _ => pair.unmatched.push(name.to_string()),
            }
        }
        cells.push(pair);
    }
    let repeats = before.environment.repeats() && after.environment.repeats();
    let judge = match repeats {
        true => Judge::Size,
        false => Judge::Chance,
    };
    for (pair, change) in judged(matched, judge, threshold, before.plan.seed) {
        cells[pair].changes.push(change);
    }
    Comparison {
        judge,
        same_plan: before.plan == after.plan && settings(before).eq(settings(after)),
        rounds: (rounds.0.len(), rounds.1.len()),
        cells,
        only_before: only(before, after),
        only_after: only(after, before),
    }
}

/// A figure that both runs have.
struct Matched {
    /// The index of its pair of cells.
    pair: usize,
    metric: String,
    medians: (f64, f64),
    figure: Figure,
}

/// The changes of all figures, each with the index of its pair, in their order.
fn judged(matched: Vec<Matched>, judge: Judge, threshold: f64, seed: u64) -> Vec<(usize, Change)> {
    let (about, figures): (Vec<_>, Vec<Figure>) = matched
        .into_iter()
        .map(|one| ((one.pair, one.metric, one.medians), one.figure))
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
        .map(|((pair, metric, medians), figure)| {
            let metric = Metric(&metric);
            let rounds = (values(&figure.before), values(&figure.after));
            let rounds = (rounds.0.as_slice(), rounds.1.as_slice());
            let change = match tested.next() {
                Some(tested) => Change::by_chance(metric, medians, rounds, tested, threshold),
                None => Change::by_size(metric, rounds, threshold),
            };
            (pair, change)
        })
        .collect()
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

fn only<'a>(of: &'a Results, other: &Results) -> Vec<&'a Setting> {
    settings(of)
        .filter(|setting| find(other, setting).is_none())
        .collect()
}

/// The numbers of all rounds of a run, ascending.
fn all_rounds(results: &Results) -> Vec<u32> {
    let rounds = results.cells.iter().flat_map(|cell| &cell.rounds);
    let rounds: BTreeSet<u32> = rounds.map(|round| round.round).collect();
    rounds.into_iter().collect()
}

/// The metrics to compare of a cell: in an open loop, the rate is what was asked for.
fn names<'a>(setting: &Setting, metrics: &'a [String]) -> Vec<&'a str> {
    if metrics.is_empty() {
        let saturates = saturates(setting);
        let of_mode = |name: &&str| *name != "runs_hz" || saturates;
        return DEFAULTS.into_iter().filter(of_mode).collect();
    }
    metrics.iter().map(String::as_str).collect()
}

/// How many figures of a cell are compared when none are named.
pub fn expected_figures(setting: &Setting) -> usize {
    let is_there = |name: &&str| match *name {
        "due_read_p99_ns" | "loss_ratio" => is_read(setting),
        "busy_ns_per_event" => setting.stress == "idle",
        _ => true,
    };
    names(setting, &[])
        .into_iter()
        .filter(|name| is_there(name))
        .count()
}

impl Comparison<'_> {
    /// How many changes have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.changes()
            .filter(|change| change.verdict == verdict)
            .count()
    }

    /// All changes of all cells.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.cells.iter().flat_map(|pair| &pair.changes)
    }

    /// What all changes come to.
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

    /// The change of one figure that such rounds find in 95 of 100 comparisons, in standard deviations of the
    /// figure from round to round; none when they find nothing.
    pub fn least_difference(&self) -> Option<f64> {
        let (before, after) = self.rounds;
        power::least_difference(before, after, self.changes().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    const METRIC: &str = "irq_bh_p50_ns";

    fn run(metric: &str, values: &[f64]) -> Results {
        let mut results = sample::results();
        results.cells = vec![sample::cell_of("bh", metric, values)];
        results
    }

    /// The verdict on a metric whose rounds had these values before and after, at 2 %.
    fn judged(metric: &str, before: &[f64], after: &[f64]) -> Verdict {
        let (before, after) = (run(metric, before), run(metric, after));
        let comparison = compare(&before, &after, 0.02, &[metric.to_string()]);
        comparison.cells[0].changes[0].verdict
    }

    #[test]
    fn equal_rounds_do_not_differ() {
        assert_eq!(judged(METRIC, &[5.0; 5], &[5.0; 5]), Verdict::Same);
        assert_eq!(judged(METRIC, &[5.0], &[5.0]), Verdict::Same);
        assert_eq!(judged("loss_ratio", &[0.0; 3], &[0.0; 3]), Verdict::Same);
    }

    #[test]
    fn a_difference_that_chance_explains_is_none() {
        let (a, b) = (
            [10.0, 11.0, 12.0, 13.0, 14.0],
            [11.0, 12.0, 13.0, 14.0, 15.0],
        );
        assert_eq!(judged(METRIC, &a, &b), Verdict::Same);
    }

    #[test]
    fn a_difference_below_the_threshold_does_not_count() {
        let verdict = |after| judged(METRIC, &[100.0; 5], &[after; 5]);
        assert_eq!(verdict(101.9), Verdict::BelowThreshold);
        assert_eq!(verdict(98.1), Verdict::BelowThreshold);
        assert_eq!(verdict(102.0), Verdict::Worse);
    }

    #[test]
    fn the_metric_says_which_way_is_worse() {
        assert_eq!(judged(METRIC, &[10.0; 5], &[12.0; 5]), Verdict::Worse);
        assert_eq!(judged(METRIC, &[12.0; 5], &[10.0; 5]), Verdict::Better);
        assert_eq!(judged("runs_hz", &[10.0; 5], &[12.0; 5]), Verdict::Better);
        assert_eq!(judged("runs_hz", &[12.0; 5], &[10.0; 5]), Verdict::Worse);
    }

    #[test]
    fn a_loss_where_there_was_none_is_judged_by_its_share_of_all_events() {
        let verdict = |after: &[f64]| judged("loss_ratio", &[0.0; 6], after);
        assert_eq!(verdict(&[0.001; 6]), Verdict::Worse);
        assert_eq!(verdict(&[0.000_1; 6]), Verdict::Worse);
        assert_eq!(verdict(&[0.000_09; 6]), Verdict::BelowThreshold);
        let some = [0.001, 0.002, 0.001, 0.003, 0.001, 0.002];
        assert_eq!(verdict(&some), Verdict::Worse);
        // In half of the rounds nothing was lost after, either.
        assert_eq!(
            verdict(&[0.0, 0.0, 0.0, 0.001, 0.001, 0.001]),
            Verdict::Same
        );
        // More than nothing is told by its share, whatever the least is.
        let more = judged("loss_ratio", &[0.010; 6], &[0.011; 6]);
        assert_eq!(more, Verdict::Worse);
        let hardly = judged("loss_ratio", &[0.010; 6], &[0.010_1; 6]);
        assert_eq!(hardly, Verdict::BelowThreshold);
    }

    #[test]
    fn three_rounds_are_too_few_to_tell_and_four_are_not() {
        let rounds = |count: usize| judged(METRIC, &vec![10.0; count], &vec![20.0; count]);
        assert_eq!(rounds(1), Verdict::TooFewRounds);
        assert_eq!(rounds(3), Verdict::TooFewRounds);
        assert_eq!(rounds(4), Verdict::Worse);
        assert_eq!(judged(METRIC, &[10.0; 12], &[20.0; 3]), Verdict::Worse);
    }

    #[test]
    fn too_few_rounds_leave_a_comparison_undecided() {
        let outcome = |before: &[f64], after: &[f64]| {
            let (before, after) = (run(METRIC, before), run(METRIC, after));
            compare(&before, &after, 0.02, &[]).outcome()
        };
        assert_eq!(outcome(&[10.0; 3], &[20.0; 3]), Outcome::Undecided);
        assert_eq!(outcome(&[10.0; 3], &[10.0; 3]), Outcome::NotWorse);
        assert_eq!(outcome(&[10.0; 4], &[20.0; 4]), Outcome::Worse);
        assert_eq!(outcome(&[20.0; 4], &[10.0; 4]), Outcome::NotWorse);
    }

    #[test]
    fn where_runs_repeat_size_alone_judges_the_mean_of_all_rounds() {
        let change = |before: &[f64], after: &[f64], cpus| {
            let (mut before, mut after) = (run(METRIC, before), run(METRIC, after));
            before.environment.cpus_online = 1;
            after.environment.cpus_online = cpus;
            let comparison = compare(&before, &after, 0.02, &[]);
            let change = comparison.cells[0].changes[0].clone();
            (comparison.judge, change)
        };
        let (judge, worse) = change(&[100.0, 200.0], &[104.0, 205.0], 1);
        assert_eq!((judge, worse.verdict), (Judge::Size, Verdict::Worse));
        assert_eq!((worse.before, worse.after), (150.0, 154.5));
        assert_eq!((worse.interval, worse.p), (None, None));
        let (_, small) = change(&[100.0], &[101.0], 1);
        assert_eq!(small.verdict, Verdict::BelowThreshold);
        let (_, none) = change(&[100.0, 200.0], &[200.0, 100.0], 1);
        assert_eq!(none.verdict, Verdict::Same);
        // With several CPUs in one of them, chance has its part.
        let (judge, few) = change(&[100.0, 200.0], &[104.0, 205.0], 2);
        assert_eq!((judge, few.verdict), (Judge::Chance, Verdict::TooFewRounds));
    }

    #[test]
    fn an_interval_says_how_sure_it_is_and_holds_the_change() {
        let (before, after) = (
            run(METRIC, &[100.0; 3]),
            run(METRIC, &[101.0, 103.0, 102.0]),
        );
        let comparison = compare(&before, &after, 0.02, &[]);
        let interval = comparison.cells[0].changes[0].interval.unwrap();
        assert!((interval.confidence - 0.9).abs() < 1e-12);
        assert!((interval.low - 1.0).abs() < 1e-9 && (interval.high - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_run_does_not_differ_from_itself() {
        let results = sample::results();
        let comparison = compare(&results, &results, 0.0, &[]);
        assert_eq!(comparison.cells.len(), results.cells.len());
        assert_eq!(
            comparison.count(Verdict::Same),
            comparison.changes().count()
        );
    }

    #[test]
    fn the_rate_is_compared_in_a_closed_loop_only() {
        let results = sample::results();
        let comparison = compare(&results, &results, 0.0, &[]);
        for pair in &comparison.cells {
            let has = pair.changes.iter().any(|change| change.metric == "runs_hz");
            assert_eq!(has, pair.setting.mode == "saturate");
        }
    }

    #[test]
    fn cells_and_metrics_of_one_run_only_are_listed() {
        let before = sample::results();
        let mut after = sample::results();
        after.cells[0].setting.burst = 2;
        after.cells[1].metrics.remove(METRIC);
        let comparison = compare(&before, &after, 0.02, &[]);
        assert_eq!(comparison.only_before, [&before.cells[0].setting]);
        assert_eq!(comparison.only_after, [&after.cells[0].setting]);
        assert_eq!(comparison.cells[0].unmatched, [METRIC]);
    }

    #[test]
    fn rounds_that_a_run_or_a_cell_lacks_are_left_out() {
        let before = sample::results();
        let mut after = sample::results();
        after.cells[2].rounds.remove(1);
        for cell in &mut after.cells {
            cell.rounds.retain(|round| round.round != 3);
        }
        let comparison = compare(&before, &after, 0.02, &[]);
        assert_eq!(comparison.rounds, (7, 6));
        assert_eq!(comparison.outcome(), Outcome::NotWorse);
    }
}
