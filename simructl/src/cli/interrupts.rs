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

/// What cannot be used with `--metrics`. Options that need it name these as well: clap drops `requires` where the option
/// that is missing could not be added.
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
    /// Show them again and again, until Ctrl-C or until nobody reads the output
    #[arg(long, conflicts_with = "saved")]
    pub(crate) watch: bool,
    /// Seconds from one sample to the next; with --diff, those that lie between A and B
    #[arg(long, value_name = "SECONDS", value_parser = parse_interval, conflicts_with_all = ["once", "from"])]
    pub(crate) interval: Option<Duration>,
    /// End after N samples
    #[arg(short = 'n', long, value_name = "N", requires = "watch", conflicts_with_all = ["once", "saved", "pairs", "metrics", "output"], value_parser = whole::<u64>(COUNT))]
    pub(crate) count: Option<u64>,
    /// Show a copy of the kernel's file, which gzip may have packed; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) from: Option<PathBuf>,
    /// Show what was counted between two copies
    #[arg(long, num_args = 2, value_names = ["A", "B"], value_hint = ValueHint::FilePath)]
    pub(crate) diff: Option<Vec<PathBuf>>,

    /// Print a row for each count, separated by commas
    #[arg(long, conflicts_with_all = ["pairs", "metrics"], help_heading = "Output")]
    pub(crate) csv: bool,
    /// Print each row as KEY="value" pairs, for shells to read
    #[arg(long, conflicts_with_all = ["metrics", "watch"], help_heading = "Output")]
    pub(crate) pairs: bool,
    /// Print totals for Prometheus or what reads OpenMetrics
    #[arg(long, value_name = "FORMAT", conflicts_with_all = ["watch", "diff", "interval"], help_heading = "Output")]
    pub(crate) metrics: Option<Format>,
    /// Leave out metrics that are 0
    #[arg(long, requires = "metrics", conflicts_with_all = NO_METRICS, help_heading = "Output")]
    pub(crate) no_zeros: bool,
    /// One metric for all CPUs together, without the label cpu
    #[arg(long, requires = "metrics", conflicts_with_all = NO_METRICS, help_heading = "Output")]
    pub(crate) sum: bool,
    /// Write to FILE instead, which is replaced as a whole; - is standard output
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
    /// There are irq, total, increase, per_s, cpus, actions, chip, hwirq, trigger, type, affinity, effective,
    /// node and threads. Where there is no room for all, the last ones are left out.
    #[arg(short = 'o', long, value_name = "COLUMNS", conflicts_with_all = ["csv", "metrics"], help_heading = "Table")]
    pub(crate) columns: Option<Chosen>,
    /// How the count of each CPU is shown [default: blocks]
    #[arg(long, value_name = "CELLS", default_value = "blocks", hide_default_value = true, conflicts_with_all = ["csv", "pairs", "metrics", "transpose"], help_heading = "Table")]
    pub(crate) cells: Cells,
    /// A row for each CPU, a column for each interrupt
    #[arg(long, conflicts_with_all = ["csv", "pairs", "metrics", "columns"], help_heading = "Table")]
    pub(crate) transpose: bool,
    /// Only rows: no sums, no names of columns
    #[arg(long, conflicts_with_all = ["pairs", "metrics"], help_heading = "Table")]
    pub(crate) noheadings: bool,
    /// How wide the table is [default: as the terminal; without one as it needs]
    #[arg(long, value_name = "PLACES", value_parser = whole::<u16>(PLACES), conflicts_with_all = ["csv", "pairs", "metrics"], help_heading = "Table")]
    pub(crate) width: Option<u16>,

    /// The order of the rows [default: irqs: rate; softirqs: irq]
    #[arg(long, value_name = "ORDER", help_heading = "Rows and CPUs")]
    pub(crate) sort: Option<Order>,
    /// The other way round
    #[arg(short, long, help_heading = "Rows and CPUs")]
    pub(crate) reverse: bool,
    /// Only rows of which the number, the controller, an action or the description matches REGEX
    #[arg(short, long, value_name = "REGEX", value_parser = parse_regex, help_heading = "Rows and CPUs")]
    pub(crate) filter: Option<Regex>,
    /// No rows of which any of these matches REGEX
    #[arg(short = 'x', long, value_name = "REGEX", value_parser = parse_regex, help_heading = "Rows and CPUs")]
    pub(crate) exclude: Option<Regex>,
    /// Only rows with at least N per second, or without rates at least N in all: 100, 1.2K, 3M [default: 0]
    #[arg(long, value_name = "N", default_value = "0",
        hide_default_value = true, value_parser = parse_quantity, help_heading = "Rows and CPUs")]
    pub(crate) threshold: f64,
    /// Only these CPUs, as the kernel writes lists: 0-3,8 or 0-31:2/16; 0-62/2 is every second one
    #[arg(long, value_name = "LIST", help_heading = "Rows and CPUs")]
    pub(crate) cpu: Option<CpuList>,
}
