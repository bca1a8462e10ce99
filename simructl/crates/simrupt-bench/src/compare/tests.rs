// SPDX-License-Identifier: GPL-2.0-only

//! The verdicts of a comparison of two results.

use super::*;
use crate::sample;
use crate::setting::Mode;
use simrupt_statistics::estimate;

const METRIC: &str = "irq_bh_p50_ns";

fn run(metric: &str, values: &[f64]) -> Results {
    let mut results = sample::results();
    results.cells = vec![sample::cell_of("bh", metric, values)];
    results.knees.clear();
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
fn a_new_loss_is_judged_by_its_share_of_all_events() {
    let verdict = |after: &[f64]| judged("loss_ratio", &[0.0; 6], after);
    assert_eq!(verdict(&[0.001; 6]), Verdict::Worse);
    assert_eq!(verdict(&[0.000_1; 6]), Verdict::Worse);
    assert_eq!(verdict(&[0.000_09; 6]), Verdict::BelowThreshold);
    let some = [0.001, 0.002, 0.001, 0.003, 0.001, 0.002];
    assert_eq!(verdict(&some), Verdict::Worse);
    // In half of the rounds after, nothing was lost either.
    assert_eq!(
        verdict(&[0.0, 0.0, 0.0, 0.001, 0.001, 0.001]),
        Verdict::Same
    );
    // A loss that was not 0 is judged by its relative change, even if it is below the least ratio.
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
    // If one of them has several CPUs, chance plays a part.
    let (judge, few) = change(&[100.0, 200.0], &[104.0, 205.0], 2);
    assert_eq!((judge, few.verdict), (Judge::Chance, Verdict::TooFewRounds));
}

/// The verdict on a knee, for seven rounds that found these rates before and after.
fn judged_knee(before: [u64; 7], after: [u64; 7]) -> Verdict {
    let with = |rates: [u64; 7]| {
        let mut results = sample::results();
        results.cells.clear();
        results.knees.truncate(1);
        let knee = &mut results.knees[0];
        knee.rates_hz = rates.map(|rate| (rate > 0).then_some(rate)).to_vec();
        knee.rate_hz = estimate(&knee.values());
        results
    };
    let (before, after) = (with(before), with(after));
    let comparison = compare(&before, &after, 0.02, &[]);
    let [(_, change)] = &comparison.knees[..] else {
        panic!("one knee");
    };
    assert_eq!(comparison.changes().count(), 1);
    change.verdict
}

#[test]
fn knees_are_compared_and_a_higher_one_is_better() {
    let rates = [60_000, 61_000, 60_500, 62_000, 61_500, 60_000, 61_000];
    let times = |percent: u64| rates.map(|rate| rate * percent / 100);
    assert_eq!(judged_knee(rates, rates), Verdict::Same);
    assert_eq!(judged_knee(rates, times(120)), Verdict::Better);
    assert_eq!(judged_knee(rates, times(80)), Verdict::Worse);
    // A search ends when 5 % are left, so smaller differences mean nothing.
    assert_eq!(judged_knee(rates, times(96)), Verdict::BelowThreshold);
    assert_eq!(judged_knee(rates, [0; 7]), Verdict::Worse);
    let mostly = [0, 61_000, 60_500, 62_000, 61_500, 60_000, 61_000];
    assert_eq!(judged_knee(rates, mostly), Verdict::Same);
}

#[test]
fn knees_that_were_searched_differently_are_not_compared() {
    let before = sample::results();
    let mut after = sample::results();
    after.knees[0].p99_limit_ns += 1;
    after.knees.remove(1);
    let comparison = compare(&before, &after, 0.02, &[]);
    assert!(comparison.knees.is_empty());
    assert_eq!(comparison.only_before.knees.len(), 2);
    assert_eq!(comparison.only_after.knees, [&after.knees[0]]);
    let comparison = compare(&before, &before, 0.02, &["runs_hz".to_string()]);
    assert!(comparison.knees.is_empty());
}

#[test]
fn an_interval_has_its_confidence_and_contains_the_change() {
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
        assert_eq!(has, pair.setting.mode == Mode::Saturate);
    }
}

#[test]
fn cells_and_metrics_of_one_run_only_are_listed() {
    let before = sample::results();
    let mut after = sample::results();
    after.cells[0].setting.burst = 2;
    after.cells[1].metrics.remove(METRIC);
    let comparison = compare(&before, &after, 0.02, &[]);
    assert_eq!(comparison.only_before.cells, [&before.cells[0].setting]);
    assert_eq!(comparison.only_after.cells, [&after.cells[0].setting]);
    assert_eq!(comparison.cells[0].unmatched, [METRIC]);
}

#[test]
fn rounds_that_a_run_or_a_cell_lacks_are_left_out() {
    let mut before = sample::results();
    before.knees.clear();
    let mut after = before.clone();
    after.cells[2].rounds.remove(1);
    for cell in &mut after.cells {
        cell.rounds.retain(|round| round.round != 3);
    }
    let comparison = compare(&before, &after, 0.02, &[]);
    assert_eq!(comparison.rounds, (7, 6));
    assert_eq!(comparison.outcome(), Outcome::NotWorse);
}

/// Medians are computed from the measured rounds. The figures of a cell may be left over from other rounds.
#[test]
fn medians_are_those_of_the_rounds() {
    let before = sample::results();
    let mut after = before.clone();
    for round in &mut after.cells[0].rounds {
        let value = round.metrics.get_mut("irq_bh_p50_ns").unwrap();
        *value *= 2.0;
    }
    let compared = compare(&before, &after, 0.02, &["irq_bh_p50_ns".to_string()]);
    let change = &compared.cells[0].changes[0];
    assert_eq!(change.after, 2.0 * change.before);
    assert_eq!(change.verdict, Verdict::Worse);
    let compared = compare(&before, &before, 0.02, &["irq_bh_p50_ns".to_string()]);
    let change = &compared.cells[0].changes[0];
    let figure = before.cells[0].metrics["irq_bh_p50_ns"].median;
    assert_eq!(change.before, figure);
}
