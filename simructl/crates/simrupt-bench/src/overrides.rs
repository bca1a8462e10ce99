// SPDX-License-Identifier: GPL-2.0-only

//! Values that replace those of a job.

use std::path::PathBuf;

use crate::further::Further;
use crate::percentile::Percentiles;
use crate::placement::Cpus;
use crate::setting::{Flavor, LineCount, Mode, Names, Scope, Stress};

/// Values that replace those of a job, in each of its matrices; absent ones leave the job unchanged.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// rate: events at due times; saturate: each event as soon as the one before is done
    pub mode: Option<Mode>,
    /// The arrivals that mode replay repeats; without a mode, this selects it
    pub replay: Option<PathBuf>,
    /// Flavors of the workqueue, or all
    pub flavors: Option<Names<Flavor>>,
    /// Events per second and line
    pub rates: Option<Vec<u64>>,
    /// Events per interrupt
    pub bursts: Option<Vec<u64>>,
    /// The size of the fifo
    pub fifo_sizes: Option<Vec<u64>>,
    /// The additional CPU time of a run of the bottom half
    pub work_us: Option<Vec<u64>>,
    /// Affinity scopes of unbound flavors: default, cpu, smt, cache_shard, cache, numa, system, or all
    pub affinity_scopes: Option<Names<Scope>>,
    /// Interference
    pub stress: Option<Names<Stress>>,
    /// Number of lines that work at the same time; cpus: one for each CPU
    pub lines: Option<LineCount>,
    /// Further knobs with their values
    pub knobs: Vec<Further>,
    /// The CPUs of lines and readers
    pub cpus: Option<Cpus>,
    /// The percentiles of each stage
    pub percentiles: Option<Percentiles>,
    /// How many times each cell is measured
    pub rounds: Option<u32>,
    /// How long a round is measured
    pub duration: Option<f64>,
    /// How long the load runs before each round is measured
    pub warm_up: Option<f64>,
    /// The seed of the order of the cells, and of the random draws of compare
    pub seed: Option<u64>,
    /// Find the highest rate that each flavor can follow
    pub find_knee: bool,
    /// The limit of p99 of due_read for that
    pub p99_limit: Option<u64>,
    /// The lowest rate that is tried
    pub knee_min: Option<u64>,
    /// The highest rate that is tried
    pub knee_max: Option<u64>,
}
