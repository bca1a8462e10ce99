// SPDX-License-Identifier: GPL-2.0-only

//! Values that take the place of those of a job.

use std::path::PathBuf;

use crate::further::Further;
use crate::percentile::Percentiles;
use crate::placement::Cpus;
use crate::setting::{Flavor, LineCount, Mode, Names, Scope, Stress};

/// Values that take the place of those of a job, in each of its matrices; absent ones leave the job as it is.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// rate: events at due times; saturate: the next as soon as the one before is done
    pub mode: Option<Mode>,
    /// The arrivals that mode replay repeats; without a mode, it is that one
    pub replay: Option<PathBuf>,
    /// Flavors of the workqueue, or all
    pub flavors: Option<Names<Flavor>>,
    /// Events per second and line
    pub rates: Option<Vec<u64>>,
    /// Events per interrupt
    pub bursts: Option<Vec<u64>>,
    /// What the fifo holds
    pub fifo_sizes: Option<Vec<u64>>,
    /// What a run of the bottom half costs in addition
    pub work_us: Option<Vec<u64>>,
    /// Affinity scopes of unbound flavors: default, cpu, smt, cache_shard, cache, numa, system, or all
    pub affinity_scopes: Option<Names<Scope>>,
    /// Interference
    pub stress: Option<Names<Stress>>,
    /// How many lines work at the same time; cpus: as many as there are CPUs
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
    /// How long it runs before that
    pub warm_up: Option<f64>,
    /// Of the order of the cells, and of the intervals
    pub seed: Option<u64>,
    /// Find the highest rate that each flavor can follow
    pub find_knee: bool,
    /// What p99 of due_read has to stay under there
    pub p99_limit: Option<u64>,
    /// The least rate tried
    pub knee_min: Option<u64>,
    /// The greatest rate tried
    pub knee_max: Option<u64>,
}
