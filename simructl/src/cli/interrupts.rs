// SPDX-License-Identifier: GPL-2.0-only

//! What `irqs` and `softirqs` take.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use regex_lite::Regex;

use crate::cli::values::{parse_at_least_0, parse_interval};
use crate::interrupts::choice::Order;

/// What `irqs` and `softirqs` take.
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
    #[arg(short = 'n', long, value_name = "N", requires = "watch")]
    pub(crate) count: Option<u64>,
    /// Show a copy of the kernel's file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Show what was counted between two copies
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    pub(crate) diff: Option<Vec<PathBuf>>,

    /// Print a row for each count, separated by commas
    #[arg(long, conflicts_with = "openmetrics", help_heading = "Output")]
    pub(crate) csv: bool,
    /// Print totals in the text format of OpenMetrics
    #[arg(long, conflicts_with_all = ["watch", "diff", "interval"], help_heading = "Output")]
    pub(crate) openmetrics: bool,
    /// How wide the table is [default: as the terminal; without one as it needs]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(1..), conflicts_with_all = ["csv", "openmetrics"], help_heading = "Output")]
    pub(crate) width: Option<u16>,

    /// What rows are ordered by [default: irqs: rate; softirqs: irq]
    #[arg(long, value_name = "ORDER", help_heading = "Rows")]
    pub(crate) sort: Option<Order>,
    /// The other way round
    #[arg(short, long, help_heading = "Rows")]
    pub(crate) reverse: bool,
    /// Only rows of which the number, the controller, an action or the description matches REGEX
    #[arg(short, long, value_name = "REGEX", value_parser = parse_regex, help_heading = "Rows")]
    pub(crate) filter: Option<Regex>,
    /// Only rows with at least N per second, or without rates at least N in all [default: 0]
    #[arg(long, value_name = "N", default_value = "0",
        hide_default_value = true, value_parser = parse_at_least_0, allow_negative_numbers = true, help_heading = "Rows")]
    pub(crate) threshold: f64,
}

fn parse_regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| format!("not a regular expression: {error}"))
}

impl Interrupts {
    /// The command, and its output if `--json` means nothing to that.
    pub(super) fn traits(&self, name: [&'static str; 3]) -> (&'static str, bool, bool) {
        let [plain, csv, openmetrics] = name;
        match self {
            Self { csv: true, .. } => (csv, false, false),
            Self {
                openmetrics: true, ..
            } => (openmetrics, false, false),
            _ => (plain, false, true),
        }
    }
}
