// SPDX-License-Identifier: GPL-2.0-only

//! The options of `handlers`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use regex_lite::Regex;

use crate::cli::values::{COUNT, PLACES, parse_duration, parse_interval, parse_regex, whole};
use crate::handlers::choice::Order;
use crate::metrics::Format;

/// The options of `handlers`.
#[derive(Debug, Args)]
pub(crate) struct Handlers {
    /// How long to measure: seconds, or with a unit (500ms, 2s, 1m) [default: 1s; with --watch until Ctrl-C]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration, conflicts_with = "from")]
    pub(crate) duration: Option<Duration>,
    /// Show samples repeatedly, until Ctrl-C or until the reader of the output has gone
    #[arg(long, conflicts_with = "from")]
    pub(crate) watch: bool,
    /// Seconds from one sample to the next [default: 1]
    #[arg(long, value_name = "SECONDS", default_value = "1", hide_default_value = true, value_parser = parse_interval, requires = "watch", conflicts_with = "from")]
    pub(crate) interval: Duration,
    /// End after N samples
    #[arg(short = 'n', long, value_name = "N", requires = "watch", conflicts_with = "from", value_parser = whole::<u64>(COUNT))]
    pub(crate) count: Option<u64>,
    /// Show a trace, as tracefs shows it; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) from: Option<PathBuf>,
    /// Size of the buffer of each CPU, in KiB [default: 1024, or less on more than 256 CPUs]
    #[arg(long, value_name = "KIB", value_parser = whole::<u32>(8..=1_048_576), conflicts_with = "from")]
    pub(crate) buffer: Option<u32>,

    /// Print CSV: a row for each handler, and for each CPU that it ran on
    #[arg(long, conflicts_with = "metrics", help_heading = "Output")]
    pub(crate) csv: bool,
    /// Print counts and times since the beginning, for Prometheus or a reader of OpenMetrics
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) metrics: Option<Format>,
    /// Write to FILE, which each sample replaces as a whole; - is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    /// Width of the table [default: as the terminal; without one as it needs]
    #[arg(long, value_name = "PLACES", value_parser = whole::<u16>(PLACES), conflicts_with_all = ["csv", "metrics"], help_heading = "Output")]
    pub(crate) width: Option<u16>,

    /// The order of the rows [default: cpu]
    #[arg(
        long,
        value_name = "ORDER",
        default_value = "cpu",
        hide_default_value = true,
        help_heading = "Rows"
    )]
    pub(crate) sort: Order,
    /// Reverse the order
    #[arg(short, long, help_heading = "Rows")]
    pub(crate) reverse: bool,
    /// Show only rows whose kind, interrupt, name, module or workqueue matches REGEX
    #[arg(short, long, value_name = "REGEX", value_parser = parse_regex, help_heading = "Rows")]
    pub(crate) filter: Option<Regex>,
}
