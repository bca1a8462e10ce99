// SPDX-License-Identifier: GPL-2.0-only

//! From counts to figures, and from the rounds of a cell to the cell. Documentation/bench.md lists the metrics and
//! their meanings.

use std::collections::BTreeMap;

use crate::cpu::Usage;
use crate::percentile::Percentiles;
use crate::results::{Cell, CellPlan, Histogram, Round, STAGES};
use crate::setting::{Mode, Setting};
use crate::steady::WarmUp;
use simrupt_statistics::estimate;

/// The counters of events that no reader got.
const LOSSES: [&str; 4] = ["overrun", "dropped", "overwritten", "flushed"];

/// The counter of runs that cpu_limit_pct has delayed.
const THROTTLED: &str = "throttled";

/// The metrics whose outliers are reported.
const WATCHED: [&str; 5] = [
    "due_irq_p50_ns",
    "irq_bh_p50_ns",
    "irq_bh_p99_ns",
    "due_read_p50_ns",
    "runs_hz",
];

/// The share of the median by which a round must differ to be reported, because figures that hardly differ have
/// outliers, too.
const WORTH_A_WORD: f64 = 0.01;

/// How far the rate may differ from the set rate.
const RATE_TOLERANCE: f64 = 0.01;

/// The counts of one round, all lines together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// From the start of the device until it was silenced, the mean over the lines.
    pub elapsed_ns: u64,
    /// The warm-up before it.
    pub warm_up: WarmUp,
    /// The counters of all lines, added up.
    pub counters: BTreeMap<String, u64>,
    /// By stage.
    pub histograms: BTreeMap<String, Histogram>,
    /// The CPU time that the events took.
    pub spent: Spent,
}

/// The CPU time that a number of events took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spent {
    /// The number of events.
    pub events: u64,
    /// All CPU time; `None` if it could not be measured.
    pub busy_ns: Option<u64>,
    /// The part of the known threads.
    pub usage: Usage,
}

impl Spent {
    /// The CPU time that no known thread used: interrupts, softirqs, and the switches to them and to the threads.
    fn interrupt_ns(&self) -> Option<u64> {
        let threads_ns = self.usage.worker_ns? + self.usage.reader_ns?;
        Some(self.busy_ns?.saturating_sub(threads_ns))
    }
}

impl Sample {
    /// A counter; 0 if the module does not have it.
    pub fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }

    /// The share of the events that no reader got; `None` if there were no events.
    pub fn loss_ratio(&self) -> Option<f64> {
        let lost: u64 = LOSSES.iter().map(|name| self.counter(name)).sum();
        ratio(lost, self.counter("events"))
    }

    /// All metrics of the round.
    pub fn metrics(&self, setting: &Setting, percentiles: &Percentiles) -> BTreeMap<String, f64> {
        let mut metrics = BTreeMap::new();
        for stage in STAGES {
            if let Some(histogram) = self.histograms.get(stage) {
                metrics.extend(of_stage(stage, histogram, percentiles));
            }
        }
        let seconds = self.elapsed_ns as f64 / 1e9;
        let events = self.counter("events");
        let per_second = |name| (seconds > 0.0).then(|| self.counter(name) as f64 / seconds);
        let spent = &self.spent;
        let per_event = |ns: Option<u64>| ratio(ns?, spent.events);
        let read = setting.is_read();
        let bh_run_ns = self.histograms.get("bh_run").map(|one| one.sum_ns);
        for (name, value) in [
            ("events_hz", per_second("events")),
            ("runs_hz", per_second("runs")),
            ("read_hz", per_second("read").filter(|_| read)),
            ("loss_ratio", self.loss_ratio().filter(|_| read)),
            (
                "coalesced_ratio",
                ratio(self.counter("coalesced"), self.counter("raised")),
            ),
            ("busy_ns_per_event", per_event(spent.busy_ns)),
            ("interrupt_ns_per_event", per_event(spent.interrupt_ns())),
            ("worker_ns_per_event", per_event(spent.usage.worker_ns)),
            (
                "reader_ns_per_event",
                per_event(spent.usage.reader_ns).filter(|_| read),
            ),
            (
                "bh_run_ns_per_event",
                bh_run_ns.and_then(|ns| ratio(ns, events)),
            ),
            ("switches_per_event", per_event(spent.usage.switches)),
        ] {
            metrics.extend(value.map(|value| (name.to_string(), value)));
        }
        metrics
    }
}

/// The percentiles, the maximum and the mean of a stage. A percentile needs at least one value above it to differ from
/// the maximum: p99 takes 100 values, p99.99 takes 10,000.
fn of_stage(stage: &str, histogram: &Histogram, percentiles: &Percentiles) -> Vec<(String, f64)> {
    let mut metrics = Vec::new();
    for percentile in percentiles.iter() {
        let (name, share) = (percentile.name(), percentile.per_100_000());
        let values_above = u128::from(histogram.count) * u128::from(100_000 - share);
        if values_above >= 100_000 {
            let value = histogram.percentile(share);
            metrics.extend(value.map(|ns| (format!("{stage}_{name}_ns"), ns as f64)));
        }
    }
    if let Some(mean) = ratio(histogram.sum_ns, histogram.count) {
        metrics.push((format!("{stage}_max_ns"), histogram.max_ns as f64));
        metrics.push((format!("{stage}_mean_ns"), mean));
    }
    metrics
}

fn ratio(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

/// A cell, made from its rounds; it should have `asked` rounds. `plan` is its own plan, if it differs from that of the
/// other cells.
pub fn cell(
    setting: &Setting,
    plan: Option<CellPlan>,
    rounds: Vec<Round>,
    histograms: BTreeMap<String, Histogram>,
    asked: u32,
) -> Cell {
    let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for round in &rounds {
        for (name, value) in &round.metrics {
            values.entry(name).or_default().push(*value);
        }
    }
    let metrics: BTreeMap<_, _> = values
        .into_iter()
        // The index of an outlier must be that of a round.
        .filter(|(_, values)| values.len() == rounds.len())
        .filter_map(|(name, values)| Some((name.to_string(), estimate(&values)?)))
        .collect();
    let mut cell = Cell {
        setting: setting.clone(),
        plan,
        metrics,
        flags: Vec::new(),
        rounds,
        histograms,
    };
    cell.flags = flags(&cell, asked);
    cell
}

/// Everything unusual about a cell.
fn flags(cell: &Cell, asked: u32) -> Vec<String> {
    let mut flags = Vec::new();
    let rounds = cell.rounds.len();
    if (rounds as u64) < u64::from(asked) {
        flags.push(format!("only {rounds} of {asked} rounds were run"));
    }
    let offs = cell.rounds.iter();
    let offs: Vec<f64> = offs
        .filter_map(|one| rate_off(&cell.setting, one))
        .collect();
    let worst = offs
        .iter()
        .copied()
        .max_by(|a, b| a.abs().total_cmp(&b.abs()));
    if let Some(worst) = worst {
        let percent = worst * 100.0;
        flags.push(format!(
            "the rate was off by more than 1 % in {} of {rounds} rounds, by {percent:+.1} % at worst",
            offs.len(),
        ));
    }
    flags.extend(unsteady(cell));
    let losses: u64 = sum(cell, &LOSSES);
    if cell.setting.is_read() && losses > 0 {
        let of = sum(cell, &["events"]);
        flags.push(format!("{losses} of {of} events were lost"));
    }
    let throttled = sum(cell, &[THROTTLED]);
    if throttled > 0 {
        let of = |round: &&Round| {
            round
                .counters
                .get(THROTTLED)
                .is_some_and(|count| *count > 0)
        };
        let in_rounds = cell.rounds.iter().filter(of).count();
        flags.push(format!(
            "the device was slowed down {throttled} times in {in_rounds} of {rounds} rounds, for want of CPU time: \
             it is the limit that is measured",
        ));
    }
    let mut apart: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for name in WATCHED {
        let Some(estimate) = cell.metrics.get(name) else {
            continue;
        };
        for &at in &estimate.outliers {
            let value = cell.rounds[at].metrics.get(name);
            let off = value.map_or(0.0, |value| (value - estimate.median).abs());
            if off > estimate.median.abs() * WORTH_A_WORD {
                apart.entry(at).or_default().push(name);
            }
        }
    }
    for (round, names) in apart {
        let number = round + 1;
        flags.push(format!(
            "round {number} stands apart in {}",
            names.join(", ")
        ));
    }
    flags
}

/// Reports the number of rounds in which the lines were not steady after their warm-up.
fn unsteady(cell: &Cell) -> Option<String> {
    let of = cell.rounds.iter();
    let unsteady: Vec<&Round> = of.filter(|round| round.steady == Some(false)).collect();
    let longest_ns = unsteady.iter().filter_map(|round| round.warm_up_ns).max();
    (!unsteady.is_empty()).then(|| {
        format!(
            "the lines were not steady in {} of {} rounds, after a warm-up of up to {:.1} s",
            unsteady.len(),
            cell.rounds.len(),
            longest_ns.unwrap_or(0) as f64 / 1e9
        )
    })
}

fn sum(cell: &Cell, names: &[&str]) -> u64 {
    let of = |round: &Round| {
        let values = names.iter().filter_map(|name| round.counters.get(*name));
        values.sum::<u64>()
    };
    cell.rounds.iter().map(of).sum()
}

/// The relative error of a round's rate, if it is too large: more than 1 %, and more than two bursts of each line,
/// which may begin or end within the round or outside of it.
fn rate_off(setting: &Setting, round: &Round) -> Option<f64> {
    if setting.mode == Mode::Replay {
        // The number of arrivals depends on the part of the file.
        return None;
    }
    let rate_hz = setting.rate_hz? as f64 * f64::from(setting.lines);
    let expected = rate_hz * round.elapsed_ns as f64 / 1e9;
    let off = round.counters.get("events").copied().unwrap_or(0) as f64 - expected;
    let edges = 2.0 * setting.burst as f64 * f64::from(setting.lines);
    (off.abs() > (expected * RATE_TOLERANCE).max(edges)).then(|| off / expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::{self, Flavor};

    fn setting() -> Setting {
        setting::tests::setting(Flavor::Bh, Some(1000))
    }

    fn histogram(count: u64) -> Histogram {
        Histogram {
            count,
            sum_ns: count * 10,
            overflow: 0,
            max_ns: 12,
            buckets: vec![[10, 10, count - 1], [12, 12, 1]],
        }
    }

    fn sample() -> Sample {
        let counters = [
            ("events", 1000),
            ("overrun", 30),
            ("dropped", 20),
            ("read", 950),
            ("raised", 500),
            ("coalesced", 5),
            ("runs", 400),
        ];
        Sample {
            elapsed_ns: 500_000_000,
            warm_up: WarmUp::default(),
            counters: counters
                .map(|(name, value)| (name.to_string(), value))
                .into(),
            histograms: [("bh_run".to_string(), histogram(400))].into(),
            spent: Spent {
                events: 500,
                busy_ns: Some(4_500_000),
                usage: Usage {
                    worker_ns: Some(2_000_000),
                    reader_ns: Some(1_500_000),
                    switches: Some(1000),
                },
            },
        }
    }

    #[test]
    fn figures_are_per_second_and_per_event() {
        let metrics = sample().metrics(&setting(), &Percentiles::default());
        for (name, value) in [
            ("events_hz", 2000.0),
            ("read_hz", 1900.0),
            ("runs_hz", 800.0),
            ("loss_ratio", 0.05),
            ("coalesced_ratio", 0.01),
            ("busy_ns_per_event", 9000.0),
            ("worker_ns_per_event", 4000.0),
            ("reader_ns_per_event", 3000.0),
            ("interrupt_ns_per_event", 2000.0),
            ("bh_run_ns_per_event", 4.0),
            ("switches_per_event", 2.0),
            ("bh_run_p50_ns", 10.0),
            ("bh_run_max_ns", 12.0),
            ("bh_run_mean_ns", 10.0),
        ] {
            assert_eq!(metrics.get(name), Some(&value), "{name}");
        }
        assert!(!metrics.contains_key("due_irq_p50_ns"));
    }

    #[test]
    fn a_percentile_needs_enough_values() {
        let names = |count| -> Vec<String> {
            let all = of_stage("x", &histogram(count), &Percentiles::default());
            all.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(99), ["x_p50_ns", "x_p90_ns", "x_max_ns", "x_mean_ns"]);
        assert!(names(100).contains(&"x_p99_ns".to_string()));
        assert!(!names(9_999).contains(&"x_p9999_ns".to_string()));
        assert!(names(10_000).contains(&"x_p9999_ns".to_string()));
        let usual = Percentiles::default();
        assert_eq!(of_stage("x", &Histogram::default(), &usual), []);
        let asked = "75,97.5".parse().unwrap();
        let all = of_stage("x", &histogram(100), &asked);
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["x_p50_ns", "x_p75_ns", "x_p975_ns", "x_max_ns", "x_mean_ns"]
        );
    }

    #[test]
    fn a_closed_loop_has_no_reader_and_an_unknown_figure_is_absent() {
        let mut closed = setting();
        closed.mode = Mode::Saturate;
        let metrics = sample().metrics(&closed, &Percentiles::default());
        for name in ["read_hz", "loss_ratio", "reader_ns_per_event"] {
            assert!(!metrics.contains_key(name), "{name}");
        }
        let mut untold = sample();
        untold.spent.busy_ns = None;
        let metrics = untold.metrics(&setting(), &Percentiles::default());
        assert!(!metrics.contains_key("busy_ns_per_event"));
        assert!(!metrics.contains_key("interrupt_ns_per_event"));
        assert!(metrics.contains_key("worker_ns_per_event"));
    }

    fn round(events: u64) -> Round {
        let mut sample = sample();
        sample.counters.insert("events".to_string(), events);
        Round {
            round: 0,
            position: 0,
            elapsed_ns: 1_000_000_000,
            warm_up_ns: None,
            steady: None,
            metrics: [("irq_bh_p50_ns".to_string(), events as f64)].into(),
            counters: sample.counters,
        }
    }

    #[test]
    fn a_rate_is_off_if_neither_the_clock_nor_the_edges_explain_it() {
        for (events, off) in [(1000, false), (990, false), (989, true), (1011, true)] {
            assert_eq!(
                rate_off(&setting(), &round(events)).is_some(),
                off,
                "{events}"
            );
        }
        let mut replayed = setting();
        replayed.mode = Mode::Replay;
        assert_eq!(rate_off(&replayed, &round(10)), None);
        let mut bursts = setting();
        bursts.burst = 64;
        assert_eq!(rate_off(&bursts, &round(872)), None);
        assert_eq!(rate_off(&bursts, &round(871)), Some(-0.129));
        let mut closed = setting();
        closed.rate_hz = None;
        assert_eq!(rate_off(&closed, &round(1)), None);
    }

    #[test]
    fn everything_unusual_about_a_cell_is_flagged_and_no_round_is_left_out() {
        let rounds: Vec<Round> = [1000, 1001, 999, 1002, 1500].map(round).into();
        let cell = cell(&setting(), None, rounds, BTreeMap::new(), 6);
        assert_eq!(
            cell.flags,
            [
                "only 5 of 6 rounds were run",
                "the rate was off by more than 1 % in 1 of 5 rounds, by +50.0 % at worst",
                "250 of 5502 events were lost",
                "round 5 stands apart in irq_bh_p50_ns",
            ]
        );
        assert_eq!(cell.rounds.len(), 5);
        assert_eq!(cell.metrics["irq_bh_p50_ns"].median, 1001.0);
    }

    #[test]
    fn rounds_that_were_not_steady_are_flagged() {
        let mut rounds: Vec<Round> = [1000, 1000, 1000].map(round).into();
        rounds[0].steady = Some(true);
        rounds[1].steady = Some(false);
        rounds[1].warm_up_ns = Some(1_020_000_000);
        let flags = cell(&setting(), None, rounds, BTreeMap::new(), 3).flags;
        let told = "the lines were not steady in 1 of 3 rounds, after a warm-up of up to 1.0 s";
        assert!(flags.iter().any(|flag| flag == told), "{flags:?}");
    }

    #[test]
    fn a_device_that_was_slowed_down_is_flagged() {
        let mut rounds: Vec<Round> = [1000, 1000, 1000].map(round).into();
        rounds[0].counters.insert("throttled".to_string(), 0);
        rounds[1].counters.insert("throttled".to_string(), 7);
        rounds[2].counters.insert("throttled".to_string(), 5);
        let flags = cell(&setting(), None, rounds, BTreeMap::new(), 3).flags;
        let told = "slowed down 12 times in 2 of 3 rounds";
        assert!(flags.iter().any(|flag| flag.contains(told)), "{flags:?}");
    }

    #[test]
    fn a_round_that_stands_apart_by_very_little_is_not_flagged() {
        let rounds: Vec<Round> = [1000, 1000, 1001, 1001, 1008].map(round).into();
        let cell = cell(&setting(), None, rounds, BTreeMap::new(), 5);
        assert_eq!(cell.metrics["irq_bh_p50_ns"].outliers, [4]);
        let told = cell.flags.iter().any(|flag| flag.contains("apart"));
        assert!(!told, "{:?}", cell.flags);
    }

    #[test]
    fn a_metric_that_not_all_rounds_have_has_no_estimate() {
        let mut rounds: Vec<Round> = [1000, 1001].map(round).into();
        rounds[0].metrics.clear();
        assert!(
            cell(&setting(), None, rounds, BTreeMap::new(), 2)
                .metrics
                .is_empty()
        );
    }
}
