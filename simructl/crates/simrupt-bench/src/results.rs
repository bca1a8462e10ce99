// SPDX-License-Identifier: GPL-2.0-only

//! The document that a benchmark leaves behind: everything that was measured and under which
//! circumstances. Reports and comparisons are made from it alone.
//!
//! Its fields are a public format, described in Documentation/bench.md. A field that is added leaves
//! [`SCHEMA`] as it is; one that changes its meaning does not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::percentile::Percentiles;
pub use crate::setting::Setting;
pub use crate::statistics::Estimate;
use simrupt::files::latency;

/// Name and version of the format.
pub const SCHEMA: &str = "simrupt-bench/2";

/// The JSON Schema of the format, in draft 2020-12.
pub const JSON_SCHEMA: &str = include_str!("../schemas/results.schema.json");

/// The stages of an event's way, as the module names their histograms.
pub const STAGES: [&str; 4] = ["due_irq", "irq_bh", "bh_run", "due_read"];

/// One run of the benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA`].
    pub schema: String,
    /// What the run is called, to tell it from others; absent where it has no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When it began, in seconds since 1970, by the machine's own clock.
    pub started_unix_s: u64,
    /// For how long it ran.
    pub elapsed_s: f64,
    /// Whether all rounds were run; not so after Ctrl-C.
    pub complete: bool,
    /// The command line.
    pub command: Vec<String>,
    /// How the rounds were run.
    pub plan: Plan,
    /// Where it ran.
    pub environment: Environment,
    /// What measuring itself costs, and the kernel's bare mechanism of each flavor.
    pub costs: Vec<Cost>,
    /// In the order of the matrix, not of the rounds. A cell without a finished round is not there.
    pub cells: Vec<Cell>,
    /// What --find-knee found.
    pub knees: Vec<Knee>,
    /// Changes that others made to the lines meanwhile, a sentence each. Rounds during which that happened do not
    /// count, and were run again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_changes: Vec<String>,
}

/// How the rounds were run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// How many times each cell was to be measured.
    pub rounds: u32,
    /// Measured time of a round.
    pub duration_s: f64,
    /// Time before it that is not measured.
    pub warm_up_s: f64,
    /// Of the order of the rounds, and of the random draws of `compare`.
    pub seed: u64,
    /// The CPUs of lines and readers, in this order; absent where none were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<Vec<u32>>,
    /// The percentiles of each stage; absent where none were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentiles: Option<Percentiles>,
}

/// How the rounds of a cell were run, where it was not as in the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellPlan {
    /// How many times it was to be measured.
    pub rounds: u32,
    /// Measured time of a round.
    pub duration_s: f64,
    /// Time before it that is not measured.
    pub warm_up_s: f64,
}

/// Where it ran.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// A to D: how far the figures can be trusted.
    pub grade: String,
    /// Why it is not better than it is, one sentence each.
    pub reasons: Vec<String>,
    /// `uname -r`, `-v` and `-m`.
    pub kernel_release: String,
    /// As `uname -v` prints it.
    pub kernel_version: String,
    /// As `uname -m` prints it.
    pub machine: String,
    /// none, voluntary, full, lazy or rt.
    pub preemption: Option<String>,
    /// The kernel's command line.
    pub cmdline: String,
    /// As the kernel names it; absent where it does not.
    pub cpu_model: Option<String>,
    /// How many CPUs were online when the run began.
    pub cpus_online: u32,
    /// The kernel's clocksource; absent where it does not tell.
    pub clocksource: Option<String>,
    /// The governor of CPU frequency; absent where there is none.
    pub governor: Option<String>,
    /// Whether CPUs may exceed their nominal frequency.
    pub turbo: Option<bool>,
    /// Of the states in which an idle CPU may sleep, the one that takes longest to leave.
    pub deepest_idle_state: Option<IdleState>,
    /// Whether irqbalance runs, which moves interrupts from one CPU to another.
    pub irqbalance: bool,
    /// The CPUs that the scheduler leaves alone, as a list: `2-3,8`; empty for none.
    pub isolated_cpus: String,
    /// The CPUs without a tick while one task runs, as a list; empty for none.
    pub nohz_full_cpus: String,
    /// By name of the vulnerability.
    pub mitigations: BTreeMap<String, String>,
    /// Debugging features that cost time, such as lockdep or KASAN.
    pub debug_options: Vec<String>,
    /// As the CPU names it; none on bare metal.
    pub hypervisor: Option<String>,
    /// Whether the CPU itself is a program.
    pub emulated: bool,
    /// Whether the clock counts instructions, not time.
    pub virtual_time: bool,
    /// The version of the module; absent where it does not tell.
    pub module_version: Option<String>,
    /// The version of the program that measured.
    pub simructl_version: String,
    /// The arrivals that the lines repeated; absent where they repeated none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
    /// Every knob of line 0 as it was during the run, where no cell changed it.
    pub knobs: BTreeMap<String, String>,
}

/// The arrivals that lines repeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// The name of the file; of standard input, that.
    pub file: String,
    /// The digest of its bytes, as sha256sum prints it.
    pub sha256: String,
    /// How many arrivals it has.
    pub arrivals: u64,
    /// Their mean rate, in events per second.
    pub rate_hz: f64,
}

/// A state in which an idle CPU sleeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IdleState {
    /// As the kernel calls it: `C6`.
    pub name: String,
    /// How long it takes to leave.
    pub exit_latency_us: u64,
}

/// What the kernel's own mechanism costs, without any event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The flavor; of what is none, the name: `timestamp`.
    pub name: String,
    /// Mean time of one, in nanoseconds.
    pub mean_ns: f64,
    /// How many were measured.
    pub count: u64,
}

/// All rounds of one setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// What is the same in all of its rounds.
    pub setting: Setting,
    /// How its rounds were run; absent where it was as the run's plan says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<CellPlan>,
    /// By name; a metric that a machine cannot measure is not there. See Documentation/bench.md.
    pub metrics: BTreeMap<String, Estimate>,
    /// What is odd about the cell, one sentence each; none is left out for it.
    pub flags: Vec<String>,
    /// Its rounds, in the order in which they were run.
    pub rounds: Vec<Round>,
    /// All rounds together, by stage.
    pub histograms: BTreeMap<String, Histogram>,
}

/// One round of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Which round of the run it belongs to, from 0: a round visits every cell once.
    pub round: u32,
    /// Its place among all visits of the run, from 0.
    pub position: u32,
    /// Measured time, the mean over its lines, in nanoseconds.
    pub elapsed_ns: u64,
    /// How long it was warmed up, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up_ns: Option<u64>,
    /// Whether it was in a steady state after that; absent where that could not be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady: Option<bool>,
    /// The counters of all its lines, added up.
    pub counters: BTreeMap<String, u64>,
    /// By name; see Documentation/bench.md.
    pub metrics: BTreeMap<String, f64>,
}

/// Latencies in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// How many values.
    pub count: u64,
    /// Their sum, in nanoseconds.
    pub sum_ns: u64,
    /// How many were above all buckets.
    pub overflow: u64,
    /// The greatest value, in nanoseconds.
    pub max_ns: u64,
    /// Least value, greatest value and count of each bucket that is not empty, ascending.
    pub buckets: Vec<[u64; 3]>,
}

/// The highest rate that a flavor can follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// As a cell's, with the median of what the rounds found; no rate when that is none.
    pub setting: Setting,
    /// The least rate that a round would try.
    pub min_hz: u64,
    /// The greatest rate that a round would try.
    pub max_hz: u64,
    /// What p99 of due_read had to stay under.
    pub p99_limit_ns: u64,
    /// What each round found; none where not even the least rate passed.
    pub rates_hz: Vec<Option<u64>>,
    /// Over all rounds; one that found none counts as 0.
    pub rate_hz: Option<Estimate>,
    /// Every rate that was tried, as often as it was.
    pub probes: Vec<Probe>,
}

/// One rate tried on the way to a knee.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// The rate, in events per second.
    pub rate_hz: u64,
    /// Events that no reader got, of all.
    pub loss_ratio: f64,
    /// p99 of `due_read`, in nanoseconds.
    pub due_read_p99_ns: u64,
    /// Whether nothing was lost and p99 stayed under its bound.
    pub passed: bool,
}

impl Environment {
    /// Whether the same code takes equally long each time, to the nanosecond: with several CPUs, which take turns, it
    /// does not.
    pub fn repeats(&self) -> bool {
        self.virtual_time && self.cpus_online == 1
    }
}

impl Cell {
    /// How many rounds it was to have, in a run with this plan.
    pub fn planned_rounds(&self, plan: &Plan) -> u32 {
        self.plan.as_ref().map_or(plan.rounds, |own| own.rounds)
    }
}

impl Knee {
    /// Its setting without the rate that was found.
    pub fn common_setting(&self) -> Setting {
        Setting {
            rate_hz: None,
            ..self.setting.clone()
        }
    }

    /// How it was looked for: two highest rates are of the same search when this is equal.
    pub fn search(&self) -> (Setting, [u64; 3]) {
        let limits = [self.min_hz, self.max_hz, self.p99_limit_ns];
        (self.common_setting(), limits)
    }

    /// What each round found; 0 where not even the least rate passed.
    pub fn values(&self) -> Vec<f64> {
        let rates = self.rates_hz.iter();
        rates.map(|rate| rate.unwrap_or(0) as f64).collect()
    }
}

impl Histogram {
    /// Adds the values of another.
    pub fn merge(&mut self, other: &Self) {
        let mut counts: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        for [low, high, count] in self.buckets.iter().chain(&other.buckets) {
            *counts.entry((*low, *high)).or_default() += count;
        }
        self.buckets = counts
            .into_iter()
            .map(|((low, high), count)| [low, high, count])
            .collect();
        self.count += other.count;
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        self.overflow += other.overflow;
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// The values that were added since an earlier state of it. The greatest one is that of all.
    pub fn since(&self, earlier: &Self) -> Self {
        let counted = |low: u64| {
            let buckets = earlier.buckets.iter();
            let found = buckets.filter(|bucket| bucket[0] == low);
            found.map(|bucket| bucket[2]).sum::<u64>()
        };
        let buckets = self.buckets.iter().map(|[low, high, count]| {
            let count = count.saturating_sub(counted(*low));
            [*low, *high, count]
        });
        Self {
            count: self.count.saturating_sub(earlier.count),
            sum_ns: self.sum_ns.saturating_sub(earlier.sum_ns),
            overflow: self.overflow.saturating_sub(earlier.overflow),
            max_ns: self.max_ns,
            buckets: buckets.filter(|[_, _, count]| *count > 0).collect(),
        }
    }

    /// The value that `share` of 100,000 values do not exceed: see [`latency::percentile`]. Of what is above all
    /// buckets, it is the greatest value.
    pub fn percentile(&self, share: u32) -> Option<u64> {
        let buckets = self.buckets.iter().map(|[_, high, count]| (*high, *count));
        match latency::percentile(buckets, self.overflow, self.max_ns, share, 100_000)? {
            latency::Percentile::Below(ns) => Some(ns),
            latency::Percentile::Above(_) => Some(self.max_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(buckets: &[[u64; 3]], max_ns: u64) -> Histogram {
        Histogram {
            count: buckets.iter().map(|[_, _, count]| count).sum(),
            sum_ns: buckets.iter().map(|[low, _, count]| low * count).sum(),
            overflow: 0,
            max_ns,
            buckets: buckets.to_vec(),
        }
    }

    #[test]
    fn merging_adds_bucket_by_bucket() {
        let mut one = histogram(&[[1, 1, 2], [8, 9, 1]], 9);
        one.merge(&histogram(&[[1, 1, 3], [4, 4, 1]], 4));
        assert_eq!(one.buckets, [[1, 1, 5], [4, 4, 1], [8, 9, 1]]);
        assert_eq!((one.count, one.max_ns), (7, 9));
    }

    #[test]
    fn what_was_added_since_is_the_difference() {
        let earlier = histogram(&[[1, 1, 2], [8, 9, 1]], 9);
        let added = histogram(&[[1, 1, 3], [4, 4, 1]], 4);
        let mut later = earlier.clone();
        later.merge(&added);
        let since = later.since(&earlier);
        assert_eq!((since.count, since.sum_ns), (added.count, added.sum_ns));
        assert_eq!((since.buckets, since.max_ns), (added.buckets, 9));
    }

    #[test]
    fn a_percentile_is_the_nearest_rank_and_at_most_the_maximum() {
        let one = histogram(&[[10, 10, 50], [20, 21, 49], [64, 127, 1]], 100);
        assert_eq!(one.percentile(50_000), Some(10));
        assert_eq!(one.percentile(50_001), Some(21));
        assert_eq!(one.percentile(99_000), Some(21));
        assert_eq!(one.percentile(99_990), Some(100));
        assert_eq!(Histogram::default().percentile(50_000), None);
    }
}
