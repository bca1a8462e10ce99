// SPDX-License-Identifier: GPL-2.0-only

//! The options of `record` and `replay`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use simrupt_core::gaps::MAX_GAPS;

use crate::cli::values::{parse_duration, parse_speed, whole};

/// The options of `record`.
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The interrupt, by its number in /proc/interrupts [default: that of line N]
    #[arg(long, value_name = "IRQ", value_parser = whole::<u32>(0..=u32::MAX.into()), conflicts_with = "line")]
    pub(crate) irq: Option<u32>,
    /// Stop after TIME: seconds, or with units such as 500ms or 1m 30s
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub(crate) duration: Option<Duration>,
    /// Stop after COUNT arrivals [default: 1048576, which is the most]
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = whole::<usize>(1..=MAX_GAPS as u64))]
    pub(crate) count: Option<usize>,
    /// The file to write, which is replaced as a whole; - is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
    /// Size of the buffer of each CPU, in KiB [default: 1024, or less on more than 256 CPUs]
    #[arg(long, value_name = "KIB", value_parser = whole::<u32>(8..=1_048_576))]
    pub(crate) buffer: Option<u32>,
}

/// The options of `replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The arrivals, as simructl record writes them; - is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// SPEED times as fast: 2 halves each gap
    #[arg(long, value_name = "SPEED", default_value = "1", value_parser = parse_speed)]
    pub(crate) speed: f64,
    /// After the last arrival, begin again with the first
    #[arg(long = "loop")]
    pub(crate) repeats: bool,
}
