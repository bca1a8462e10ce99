// SPDX-License-Identifier: GPL-2.0-only

//! What has changed from one run of the benchmark to another. Cells are matched by their settings; a
//! difference counts when chance does not explain it and it is not too small to care about.

use super::report::group::{figure_of, rounds, saturates};
use super::report::metric::Metric;
use super::results::{Cell, Environment, Results, Setting};
use super::statistics;

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
    /// The cells that both have, in the order of the first.
    pub cells: Vec<Pair<'a>>,
    /// Settings that only the first has, and those that only the second has.
    pub only_before: Vec<&'a Setting>,
    /// Settings that only the second run has.
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

/// One metric of one cell in both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Name of the metric.
    pub metric: String,
    /// The figure of the first run.
    pub before: f64,
    /// The figure of the second run.
    pub after: f64,
    /// The 95 % interval of the difference, in the metric's unit; none when either side had one round.
    pub interval: Option<(f64, f64)>,
    /// What the difference means.
    pub verdict: Verdict,
}

/// What a difference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its interval contains 0.
    Same,
    /// It is there, but smaller than the threshold.
    Noise,
    /// It is there, and for the better.
    Better,
    /// It is there, and for the worse.
    Worse,
}

impl Verdict {
    /// The verdict in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Same => "no significant difference",
            Self::Noise => "within noise",
            Self::Better => "better",
            Self::Worse => "worse",
        }
    }
}

impl Change {
    /// The difference as a share of what was before; none when that was nothing.
    pub fn share(&self) -> Option<f64> {
        self.relative(self.after - self.before)
    }

    /// A difference as a share of what was before.
    pub fn relative(&self, difference: f64) -> Option<f64> {
        match difference {
            0.0 => Some(0.0),
            _ => (self.before != 0.0).then(|| difference / self.before.abs()),
        }
    }
}

/// Compares `after` with `before`. `threshold` is the share of `before` under which a difference does not
/// count; `metrics` are the names to compare, none for the usual ones.
pub fn compare<'a>(
    before: &'a Results,
    after: &'a Results,
    threshold: f64,
    metrics: &[String],
) -> Comparison<'a> {
    let seed = before.plan.seed;
    let only = |of: &'a Results, other: &Results| {
        let settings = of.cells.iter().map(|cell| &cell.setting);
        settings
            .filter(|setting| find(other, setting).is_none())
            .collect()
    };
    let cells = before.cells.iter().filter_map(|cell| {
        let other = find(after, &cell.setting)?;
        Some(pair(
            cell,
            other,
            &names(&cell.setting, metrics),
            threshold,
            seed,
        ))
    });
    Comparison {
        cells: cells.collect(),
        only_before: only(before, after),
        only_after: only(after, before),
    }
}

fn find<'a>(results: &'a Results, setting: &Setting) -> Option<&'a Cell> {
    results.cells.iter().find(|cell| cell.setting == *setting)
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

fn pair<'a>(a: &'a Cell, b: &Cell, names: &[&str], threshold: f64, seed: u64) -> Pair<'a> {
    let mut pair = Pair {
        setting: &a.setting,
        changes: Vec::new(),
        unmatched: Vec::new(),
    };
    for name in names {
        let metric = Metric(name);
        match (figure_of(a, metric), figure_of(b, metric)) {
            (Some(before), Some(after)) => {
                let values = (rounds(a, metric), rounds(b, metric));
                let interval = match values.0.len().min(values.1.len()) {
                    0..2 => None,
                    _ => statistics::difference(&values.0, &values.1, seed),
                };
                pair.changes.push(Change {
                    metric: (*name).to_string(),
                    before,
                    after,
                    interval,
                    verdict: verdict(metric, before, after, interval, threshold),
                });
            }
            (None, None) => {}
            _ => pair.unmatched.push((*name).to_string()),
        }
    }
    pair
}

fn verdict(
    metric: Metric<'_>,
    before: f64,
    after: f64,
    interval: Option<(f64, f64)>,
    threshold: f64,
) -> Verdict {
    let difference = after - before;
    let explained = match interval {
        Some((low, high)) => low <= 0.0 && 0.0 <= high,
        // One round says nothing of chance.
        None => difference == 0.0,
    };
    if explained {
        Verdict::Same
    } else if difference.abs() < threshold * before.abs() || difference == 0.0 {
        Verdict::Noise
    } else if (difference > 0.0) == metric.more_is_better() {
        Verdict::Better
    } else {
        Verdict::Worse
    }
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
}

/// In what the circumstances of two runs differ: the name, and both values.
pub fn circumstances(a: &Results, b: &Results) -> Vec<(String, String, String)> {
    let mut differences = Vec::new();
    let mut compare = |name: &str, a: String, b: String| {
        if a != b {
            differences.push((name.to_string(), a, b));
        }
    };
    for ((name, a), (_, b)) in facts(&a.environment).into_iter().zip(facts(&b.environment)) {
        compare(name, a, b);
    }
    compare(
        "rounds",
        a.plan.rounds.to_string(),
        b.plan.rounds.to_string(),
    );
    let seconds = |value: f64| format!("{value} s");
    compare(
        "duration",
        seconds(a.plan.duration_s),
        seconds(b.plan.duration_s),
    );
    compare(
        "warm-up",
        seconds(a.plan.warm_up_s),
        seconds(b.plan.warm_up_s),
    );
    let ended = |complete| if complete { "no" } else { "yes" }.to_string();
    compare("ended early", ended(a.complete), ended(b.complete));
    for (kind, a, b) in [
        ("knob", &a.environment.knobs, &b.environment.knobs),
        (
            "mitigation",
            &a.environment.mitigations,
            &b.environment.mitigations,
        ),
    ] {
        let added = b.keys().filter(|name| !a.contains_key(*name));
        for name in a.keys().chain(added) {
            let value = |of: &std::collections::BTreeMap<String, String>| {
                of.get(name).cloned().unwrap_or_else(|| "-".to_string())
            };
            compare(&format!("{kind} {name}"), value(a), value(b));
        }
    }
    differences
}

/// What figures depend on, by name.
fn facts(environment: &Environment) -> [(&'static str, String); 16] {
    let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_string());
    let yes = |value: bool| if value { "yes" } else { "no" }.to_string();
    [
        ("virtual time", yes(environment.virtual_time)),
        ("grade", environment.grade.clone()),
        ("kernel", environment.kernel_release.clone()),
        ("kernel version", environment.kernel_version.clone()),
        ("machine", environment.machine.clone()),
        ("CPUs", environment.cpus_online.to_string()),
        ("CPU model", known(&environment.cpu_model)),
        ("preemption", known(&environment.preemption)),
        ("kernel command line", environment.cmdline.clone()),
        ("clocksource", known(&environment.clocksource)),
        ("governor", known(&environment.governor)),
        ("hypervisor", known(&environment.hypervisor)),
        ("emulated", yes(environment.emulated)),
        ("debugging options", environment.debug_options.join(" ")),
        ("simrupt", known(&environment.module_version)),
        ("simructl", environment.simructl_version.clone()),
    ]
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
    fn what_chance_explains_is_no_difference() {
        let (a, b) = (
            [10.0, 11.0, 12.0, 13.0, 14.0],
            [11.0, 12.0, 13.0, 14.0, 15.0],
        );
        assert_eq!(judged(METRIC, &a, &b), Verdict::Same);
    }

    #[test]
    fn what_is_smaller_than_the_threshold_is_noise() {
        assert_eq!(judged(METRIC, &[100.0; 5], &[101.9; 5]), Verdict::Noise);
        assert_eq!(judged(METRIC, &[100.0; 5], &[98.1; 5]), Verdict::Noise);
        assert_eq!(judged(METRIC, &[100.0; 5], &[102.0; 5]), Verdict::Worse);
    }

    #[test]
    fn the_metric_says_which_way_is_worse() {
        assert_eq!(judged(METRIC, &[10.0; 5], &[12.0; 5]), Verdict::Worse);
        assert_eq!(judged(METRIC, &[12.0; 5], &[10.0; 5]), Verdict::Better);
        assert_eq!(judged("runs_hz", &[10.0; 5], &[12.0; 5]), Verdict::Better);
        assert_eq!(judged("runs_hz", &[12.0; 5], &[10.0; 5]), Verdict::Worse);
        assert_eq!(judged("loss_ratio", &[0.0; 5], &[0.001; 5]), Verdict::Worse);
    }

    #[test]
    fn one_round_is_judged_by_the_threshold_alone() {
        assert_eq!(judged(METRIC, &[100.0], &[101.0]), Verdict::Noise);
        assert_eq!(judged(METRIC, &[100.0; 5], &[103.0]), Verdict::Worse);
        let (before, after) = (run(METRIC, &[100.0]), run(METRIC, &[101.0; 5]));
        let comparison = compare(&before, &after, 0.02, &[]);
        assert_eq!(comparison.cells[0].changes[0].interval, None);
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
        assert!(circumstances(&results, &results).is_empty());
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
    fn other_circumstances_are_told() {
        let before = sample::results();
        let mut after = sample::results();
        after.environment.virtual_time = false;
        after.environment.knobs.remove("format");
        after.plan.rounds = 3;
        let told = circumstances(&before, &after);
        let told: Vec<_> = told
            .iter()
            .map(|(name, a, b)| [name.as_str(), a, b])
            .collect();
        assert_eq!(
            told,
            [
                ["virtual time", "yes", "no"],
                ["rounds", "5", "3"],
                ["knob format", "record", "-"]
            ]
        );
    }
}
