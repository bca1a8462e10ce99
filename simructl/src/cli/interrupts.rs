// SPDX-License-Identifier: GPL-2.0-only

//! The options of `irqs` and `softirqs`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use proc_interrupts::CpuList;
use regex_lite::Regex;

use crate::cli::values::{COUNT, PLACES, parse_interval, parse_quantity, parse_regex, whole};
use crate::interrupts::choice::Order;
use crate::interrupts::columns::Chosen;
use crate::interrupts::text::Cells;
use crate::metrics::Format;

/// The options that `--metrics` excludes. Options that need `--metrics` list these as well: clap ignores `requires` if
/// the missing option could not be added.
const NO_METRICS: [&str; 10] = [
    "csv",
    "pairs",
    "watch",
    "diff",
    "interval",
    "columns",
    "cells",
    "transpose",
    "noheadings",
    "width",
];

/// The options of `irqs` and `softirqs`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("saved").args(["from", "diff"]))]
pub(crate) struct Interrupts {
    /// Show totals at once, without waiting for rates
    #[arg(long, conflicts_with_all = ["watch", "saved"])]
    pub(crate) once: bool,
    /// Show samples repeatedly, until Ctrl-C or until the reader of the output has gone
    #[arg(long, conflicts_with = "saved")]
    pub(crate) watch: bool,
    /// Seconds from one sample to the next; with --diff, the seconds between A and B
    #[arg(long, value_name = "SECONDS", value_parser = parse_interval, conflicts_with_all = ["once", "from"])]
    pub(crate) interval: Option<Duration>,
    /// End after N samples
    #[arg(short = 'n', long, value_name = "N", requires = "watch", conflicts_with_all = ["once", "saved", "pairs", "metrics", "output"], value_parser = whole::<u64>(COUNT))]
    pub(crate) count: Option<u64>,
    /// Show a copy of the kernel's file, packed with gzip or not; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) from: Option<PathBuf>,
    /// Show the increase between two copies
    #[arg(long, num_args = 2, value_names = ["A", "B"], value_hint = ValueHint::FilePath)]
    pub(crate) diff: Option<Vec<PathBuf>>,

    /// Print CSV: a row for each count
    #[arg(long, conflicts_with_all = ["pairs", "metrics"], help_heading = "Output")]
    pub(crate) csv: bool,
    /// Print each row as KEY="value" pairs, which a shell can read
    #[arg(long, conflicts_with_all = ["metrics", "watch"], help_heading = "Output")]
    pub(crate) pairs: bool,
    /// Print totals for Prometheus or a reader of OpenMetrics
    #[arg(long, value_name = "FORMAT", conflicts_with_all = ["watch", "diff", "interval"], help_heading = "Output")]
    pub(crate) metrics: Option<Format>,
    /// Leave out metrics that are 0
    #[arg(long, requires = "metrics", conflicts_with_all = NO_METRICS, help_heading = "Output")]
    pub(crate) no_zeros: bool,
    /// Print one metric for all CPUs together, without the label cpu
    #[arg(long, requires = "metrics", conflicts_with_all = NO_METRICS, help_heading = "Output")]
    pub(crate) sum: bool,
    /// Write to FILE, which is replaced as a whole; - is standard output
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        conflicts_with = "watch",
        help_heading = "Output"
    )]
    pub(crate) output: Option<PathBuf>,

    /// The columns of the table or the pairs, separated by commas; +COLUMNS adds to the usual ones
    ///
    /// The columns are irq, total, increase, per_s, cpus, actions, chip, hwirq, trigger, type, affinity, effective,
    /// node and threads. If there is no room for all, the last ones are left out.
    #[arg(short = 'o', long, value_name = "COLUMNS", conflicts_with_all = ["csv", "metrics"], help_heading = "Table")]
    pub(crate) columns: Option<Chosen>,
    /// How the count of each CPU is shown [default: blocks]
    #[arg(long, value_name = "CELLS", default_value = "blocks", hide_default_value = true, conflicts_with_all = ["csv", "pairs", "metrics", "transpose"], help_heading = "Table")]
    pub(crate) cells: Cells,
    /// Print a row for each CPU and a column for each interrupt
    #[arg(long, conflicts_with_all = ["csv", "pairs", "metrics", "columns"], help_heading = "Table")]
    pub(crate) transpose: bool,
    /// Print only rows: no sums, no names of columns
    #[arg(long, conflicts_with_all = ["pairs", "metrics"], help_heading = "Table")]
    pub(crate) noheadings: bool,
    /// Width of the table [default: as the terminal; without one as it needs]
    #[arg(long, value_name = "PLACES", value_parser = whole::<u16>(PLACES), conflicts_with_all = ["csv", "pairs", "metrics"], help_heading = "Table")]
    pub(crate) width: Option<u16>,

    /// The order of the rows [default: irqs: rate; softirqs: irq]
    #[arg(long, value_name = "ORDER", help_heading = "Rows and CPUs")]
    pub(crate) sort: Option<Order>,
    /// Reverse the order
    #[arg(short, long, help_heading = "Rows and CPUs")]
    pub(crate) reverse: bool,
    /// Show only rows whose number, controller, action or description matches REGEX
    #[arg(short, long, value_name = "REGEX", value_parser = parse_regex, help_heading = "Rows and CPUs")]
    pub(crate) filter: Option<Regex>,
    /// Leave out rows of which any of these matches REGEX
    #[arg(short = 'x', long, value_name = "REGEX", value_parser = parse_regex, help_heading = "Rows and CPUs")]
    pub(crate) exclude: Option<Regex>,
    /// Show only rows with at least N per second, or without rates at least N in total: 100, 1.2K, 3M [default: 0]
    #[arg(long, value_name = "N", default_value = "0",
        hide_default_value = true, value_parser = parse_quantity, help_heading = "Rows and CPUs")]
    pub(crate) threshold: f64,
    /// Show only these CPUs, in the kernel's form of lists: 0-3,8 or 0-31:2/16; 0-62/2 is every second one
    #[arg(long, value_name = "LIST", help_heading = "Rows and CPUs")]
    pub(crate) cpu: Option<CpuList>,
}
