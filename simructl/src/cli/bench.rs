// SPDX-License-Identifier: GPL-2.0-only

//! The options of `bench`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};

use crate::cli::Outputs;
use crate::cli::values::{ANY, parse_seconds, whole};
use simrupt_bench::further::Further;
use simrupt_bench::job::{BURSTS, FIFO_SIZES, P99_LIMITS_US, PRESETS, RATES_HZ, ROUNDS, WORK_US};
use simrupt_bench::percentile::Percentiles;
use simrupt_bench::placement::Cpus;
use simrupt_bench::setting::{Flavor, LineCount, Mode, Named, Names, Scope, Stress};

/// The options of `bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// A built-in job [default: quick]
    #[arg(long, value_name = "NAME", value_parser = PRESETS.map(|(name, _)| name))]
    pub(crate) preset: Option<String>,
    /// A job of your own, in TOML; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "preset", value_hint = ValueHint::FilePath)]
    pub(crate) job: Option<PathBuf>,
    /// Refuse to measure if the environment is of grade D: its figures cannot be trusted
    #[arg(long)]
    pub(crate) strict: bool,
    /// Check job, module and outputs as a run does, print the cells and the time that they will take, but measure
    /// nothing; with --json - the plan is printed as JSON
    #[arg(long)]
    pub(crate) dry_run: bool,
    // From here on, each group of options has its heading.
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
}

/// Options that override settings of the job.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings that override the job's")]
pub(crate) struct Overrides {
    /// rate: events at due times; replay: events at the times of a file; saturate: each event as soon as the one before
    /// is done
    #[arg(long, value_name = "MODE", value_parser = modes())]
    pub(crate) mode: Option<Mode>,
    /// Repeat the arrivals of FILE, as simructl record writes it, in mode replay; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) replay: Option<PathBuf>,
    /// Flavors of the workqueue, or all; -NAME leaves one out, as in all,-none
    #[arg(long, value_name = "NAMES")]
    pub(crate) flavors: Option<Names<Flavor>>,
    /// Events per second and line
    #[arg(long, value_name = "HZ", value_delimiter = ',', value_parser = whole::<u64>(RATES_HZ))]
    pub(crate) rates: Option<Vec<u64>>,
    /// Events per interrupt
    #[arg(long, value_name = "EVENTS", value_delimiter = ',', value_parser = whole::<u64>(BURSTS))]
    pub(crate) bursts: Option<Vec<u64>>,
    /// Capacity of the fifo
    #[arg(long, value_name = "RECORDS", value_delimiter = ',', value_parser = whole::<u64>(FIFO_SIZES))]
    pub(crate) fifo_sizes: Option<Vec<u64>>,
    /// Additional CPU time of each run of the bottom half
    #[arg(long, value_name = "US", value_delimiter = ',', value_parser = whole::<u64>(WORK_US))]
    pub(crate) work_us: Option<Vec<u64>>,
    /// Affinity scopes of unbound flavors: default, cpu, smt, cache_shard, cache, numa, system, or all
    #[arg(long, value_name = "SCOPES")]
    pub(crate) affinity_scopes: Option<Names<Scope>>,
    /// Interference: idle (none), cpu, memory, pinned, fifo, irqs-off, preempt-off, softirq, or all of these; hog
    #[arg(long, value_name = "NAMES")]
    pub(crate) stress: Option<Names<Stress>>,
    /// Number of lines that work at the same time; cpus: one for each CPU
    #[arg(long, value_name = "N|cpus")]
    pub(crate) lines: Option<LineCount>,
    /// Another knob of the module with its values, such as coalesce_us=0,50; once for each knob
    #[arg(long = "knob", value_name = "KNOB=VALUES")]
    pub(crate) knobs: Vec<Further>,
    /// CPUs of lines and readers, such as 2-3,8: line i uses the i-th, its reader the one after it
    #[arg(long, value_name = "LIST")]
    pub(crate) cpus: Option<Cpus>,
    /// Percentiles of each stage, above 0 and below 100 [default: 50,90,99,99.9,99.99]
    #[arg(long, value_name = "LIST")]
    pub(crate) percentiles: Option<Percentiles>,
    /// How many times each cell is measured
    #[arg(long, value_name = "N", value_parser = whole::<u32>(ROUNDS))]
    pub(crate) rounds: Option<u32>,
    /// How long a round is measured: seconds, or with a unit such as 500ms
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub(crate) duration: Option<f64>,
    /// How long the load runs before each round is measured
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub(crate) warm_up: Option<f64>,
    /// Seed of the shuffled order of the cells, and of the random draws of compare
    #[arg(long, value_name = "N", value_parser = whole::<u64>(ANY))]
    pub(crate) seed: Option<u64>,
    /// Find the knee: the highest rate that each flavor can follow
    #[arg(long)]
    pub(crate) find_knee: bool,
    /// A rate is followed while p99 of due_read is at most this
    #[arg(long, value_name = "US", value_parser = whole::<u64>(P99_LIMITS_US))]
    pub(crate) p99_limit: Option<u64>,
    /// Lowest rate to try for the knee
    #[arg(long, value_name = "HZ", value_parser = whole::<u64>(RATES_HZ))]
    pub(crate) knee_min: Option<u64>,
    /// Highest rate to try for the knee
    #[arg(long, value_name = "HZ", value_parser = whole::<u64>(RATES_HZ))]
    pub(crate) knee_max: Option<u64>,
}

/// Modes by name, for help and completions.
fn modes() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::CHOICES.iter().map(|mode| mode.name()))
        .try_map(|name| Mode::from_name(&name))
}

impl From<&Overrides> for simrupt_bench::overrides::Overrides {
    fn from(given: &Overrides) -> Self {
        let given = given.clone();
        Self {
            mode: given.mode,
            replay: given.replay,
            flavors: given.flavors,
            rates: given.rates,
            bursts: given.bursts,
            fifo_sizes: given.fifo_sizes,
            work_us: given.work_us,
            affinity_scopes: given.affinity_scopes,
            stress: given.stress,
            lines: given.lines,
            knobs: given.knobs,
            cpus: given.cpus,
            percentiles: given.percentiles,
            rounds: given.rounds,
            duration: given.duration,
            warm_up: given.warm_up,
            seed: given.seed,
            find_knee: given.find_knee,
            p99_limit: given.p99_limit,
            knee_min: given.knee_min,
            knee_max: given.knee_max,
        }
    }
}
