// SPDX-License-Identifier: GPL-2.0-only

//! The document of a benchmark: everything that was measured, and the circumstances. Reports and comparisons use
//! nothing else.
//!
//! Its fields are a public format, described in Documentation/bench.md. A new field leaves [`SCHEMA`] unchanged; a
//! field with a new meaning changes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::percentile::Percentiles;
pub use crate::setting::Setting;
use simrupt::files::latency;
pub use simrupt_statistics::Estimate;

/// Name and version of the format.
pub const SCHEMA: &str = "simrupt-bench/2";

/// The JSON Schema of the format, in draft 2020-12.
pub const JSON_SCHEMA: &str = include_str!("../schemas/results.schema.json");

/// The stages of an event, by the names of the module's histograms.
pub const STAGES: [&str; 4] = ["due_irq", "irq_bh", "bh_run", "due_read"];

/// One run of the benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA`].
    pub schema: String,
    /// The name of the run; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its start time, in seconds since 1970, by the machine's own clock.
    pub started_unix_s: u64,
    /// Its duration.
    pub elapsed_s: f64,
    /// Whether all rounds were run; false after Ctrl-C.
    pub complete: bool,
    /// The command line.
    pub command: Vec<String>,
    /// How the rounds were run.
    pub plan: Plan,
    /// The machine.
    pub environment: Environment,
    /// The costs of measuring, and of the kernel's bare mechanism of each flavor.
    pub costs: Vec<Cost>,
    /// In the order of the matrix, not of the rounds. A cell without a finished round is absent.
    pub cells: Vec<Cell>,
    /// The results of --find-knee.
    pub knees: Vec<Knee>,
    /// Changes that others made to the lines during the run, a sentence each. The rounds concerned do not count, and
    /// were run again.
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
    /// The seed of the order of the rounds, and of the random draws of `compare`.
    pub seed: u64,
    /// The CPUs of lines and readers, in this order; absent if the job named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<Vec<u32>>,
    /// The percentiles of each stage; absent if the job named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentiles: Option<Percentiles>,
}

/// How the rounds of a cell were run, if it differs from the other cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellPlan {
    /// How many times it was to be measured.
    pub rounds: u32,
    /// Measured time of a round.
    pub duration_s: f64,
    /// Time before it that is not measured.
    pub warm_up_s: f64,
}

/// The machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// A to D: how far the figures can be trusted.
    pub grade: String,
    /// Why it is not better, one sentence each.
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
    /// The kernel's name for it; absent if it has none.
    pub cpu_model: Option<String>,
    /// How many CPUs were online when the run began.
    pub cpus_online: u32,
    /// The kernel's clocksource; absent if the kernel does not tell.
    pub clocksource: Option<String>,
    /// The governor of CPU frequency; absent if there is none.
    pub governor: Option<String>,
    /// Whether CPUs may exceed their nominal frequency.
    pub turbo: Option<bool>,
    /// The idle state with the longest exit latency.
    pub deepest_idle_state: Option<IdleState>,
    /// Whether irqbalance runs, which moves interrupts from one CPU to another.
    pub irqbalance: bool,
    /// The CPUs that the scheduler leaves alone, as a list: `2-3,8`; empty if there are none.
    pub isolated_cpus: String,
    /// The CPUs without a tick while one task runs, as a list; empty if there are none.
    pub nohz_full_cpus: String,
    /// By name of the vulnerability.
    pub mitigations: BTreeMap<String, String>,
    /// Debugging features that cost time, such as lockdep or KASAN.
    pub debug_options: Vec<String>,
    /// The CPU's name for it; absent on bare metal.
    pub hypervisor: Option<String>,
    /// Whether the CPU is emulated by a program.
    pub emulated: bool,
    /// Whether the clock counts instructions, not time.
    pub virtual_time: bool,
    /// The version of the module; absent if it does not tell.
    pub module_version: Option<String>,
    /// The version of the program that measured.
    pub simructl_version: String,
    /// The arrivals that the lines repeated; absent if there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
    /// Every knob of line 0 that no cell changed, with its value during the run.
    pub knobs: BTreeMap<String, String>,
}

/// The arrivals that lines repeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// The name of the file, or "standard input".
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
    /// The kernel's name for it: `C6`.
    pub name: String,
    /// How long it takes to leave.
    pub exit_latency_us: u64,
}

/// The cost of the kernel's own mechanism, without any event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The flavor, or for other costs their name: `timestamp`.
    pub name: String,
    /// Mean time of one, in nanoseconds.
    pub mean_ns: f64,
    /// How many were measured.
    pub count: u64,
}

/// All rounds of one setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The values that are the same in all of its rounds.
    pub setting: Setting,
    /// How its rounds were run; absent if it is as in the run's plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<CellPlan>,
    /// By name; a metric that a machine cannot measure is absent. See Documentation/bench.md.
    pub metrics: BTreeMap<String, Estimate>,
    /// Everything unusual about the cell, one sentence each. No round is left out because of it.
    pub flags: Vec<String>,
    /// Its rounds, in the order in which they were run.
    pub rounds: Vec<Round>,
    /// All rounds together, by stage.
    pub histograms: BTreeMap<String, Histogram>,
}

/// One round of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The number of its round in the run, from 0: a round visits every cell once.
    pub round: u32,
    /// Its place among all visits of the run, from 0.
    pub position: u32,
    /// Measured time, the mean over its lines, in nanoseconds.
    pub elapsed_ns: u64,
    /// The length of its warm-up, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up_ns: Option<u64>,
    /// Whether it was in a steady state after that; absent if that is unknown.
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
    /// As a cell's, with the median of the rates that the rounds found; no rate if the median is a round without one.
    pub setting: Setting,
    /// The lowest rate that a round would try.
    pub min_hz: u64,
    /// The highest rate that a round would try.
    pub max_hz: u64,
    /// The limit of p99 of due_read.
    pub p99_limit_ns: u64,
    /// The rate that each round found; none if even the lowest rate did not pass.
    pub rates_hz: Vec<Option<u64>>,
    /// Over all rounds; a round that found none counts as 0.
    pub rate_hz: Option<Estimate>,
    /// Every rate that was tried, once for each try.
    pub probes: Vec<Probe>,
}

/// One rate tried on the way to a knee.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// The rate, in events per second.
    pub rate_hz: u64,
    /// The share of the events that no reader got.
    pub loss_ratio: f64,
    /// p99 of `due_read`, in nanoseconds.
    pub due_read_p99_ns: u64,
    /// Whether nothing was lost and p99 stayed below its limit.
    pub passed: bool,
}

impl Environment {
    /// Whether the same code takes equally long each time, to the nanosecond. It does not with several CPUs, which take
    /// turns.
    pub fn repeats(&self) -> bool {
        self.virtual_time && self.cpus_online == 1
    }
}

impl Cell {
    /// How many rounds it should have, in a run with this plan.
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

    /// How it was searched: two highest rates are of the same search if this is equal.
    pub fn search(&self) -> (Setting, [u64; 3]) {
        let limits = [self.min_hz, self.max_hz, self.p99_limit_ns];
        (self.common_setting(), limits)
    }

    /// The rate that each round found; 0 if even the lowest rate did not pass.
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

    /// The values that were added since an earlier state of it. The greatest value is that of all.
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

    /// The value that `share` of 100,000 values do not exceed: see [`latency::percentile`]. Above all buckets, it is
    /// the greatest value.
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
    fn the_values_added_since_are_the_difference() {
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
