// SPDX-License-Identifier: GPL-2.0-only

//! The command line: what is typed, and what `--help` says about it.

use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::sysroot::Sysroot;

/// Loads, tunes, reads and audits the simrupt kernel module.
///
/// simrupt simulates devices that raise real interrupts. Each of them is a line, numbered from 0, and is
/// read at /dev/simruptN.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  all went well
  1  something failed: stderr says what, why, and what to try
  2  the command line makes no sense
  3  the books of a line do not balance (verify)

Example:
  sudo simructl load lines=2 rate_hz=100,1000
  sudo simructl read --line 1 -n 20
  sudo simructl verify";

/// The longest time from one sample to the next.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Options that any command may carry.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Look for /sys, /proc and /dev below DIR [default: /]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "/",
        hide_default_value = true,
        global = true
    )]
    sysroot: PathBuf,

    /// Which line: its number, or all of them [default: all; read: 0]
    #[arg(long, value_name = "N|all", value_parser = parse_lines, global = true)]
    pub(crate) line: Option<Lines>,

    /// Print JSON: one document, or one per line where there is no end
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Options {
    pub(crate) fn sysroot(&self) -> Sysroot {
        Sysroot::new(self.sysroot.clone())
    }

    /// The lines meant, where the default is all.
    pub(crate) fn lines(&self) -> Lines {
        self.line.unwrap_or(Lines::All)
    }
}

/// Which lines a command is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Lines {
    /// Every line of the module.
    All,
    /// One of them.
    One(u32),
}

fn parse_lines(text: &str) -> Result<Lines, &'static str> {
    match text {
        "all" => Ok(Lines::All),
        _ => text
            .parse()
            .map(Lines::One)
            .map_err(|_| "not a line number, nor `all`"),
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load the module, with the knobs given
    ///
    /// A knob takes one value for all lines, or one per line, separated by commas (the last repeats).
    /// Without --module, the file simrupt.ko is looked for beside simructl, in the current directory, in
    /// its build/kmod and kmod, and in the running kernel's extra and updates modules.
    #[command(after_help = "Example:\n  simructl load lines=2 rate_hz=100,1000 workqueue=bh")]
    Load {
        /// The module file
        #[arg(long, value_name = "FILE")]
        module: Option<PathBuf>,
        /// Knobs to load it with
        #[arg(value_name = "KNOB=VALUE", value_parser = parse_setting)]
        knobs: Vec<Setting>,
    },

    /// Unload the module
    #[command(after_help = "Example:\n  simructl unload")]
    Unload,

    /// Show on one screen what runs and how
    ///
    /// A module that is not loaded is a state like any other: it is shown, and the exit code is 0.
    /// "lost" is what no reader can get any more: overrun, dropped, overwritten and flushed events.
    #[command(after_help = "Example:\n  simructl status")]
    Status,

    /// List the knobs: what each takes, what it is by default, and what it means
    ///
    /// The module itself describes them. "live" can be changed while it is loaded, "load" is fixed then.
    #[command(after_help = "Example:\n  simructl knobs")]
    Knobs,

    /// Show a knob, or all of them
    ///
    /// Prints `line0 rate_hz 100`, one per line and knob; a load-time knob, which all lines share, as
    /// `module lines 2`. One knob of one line is printed as its value alone.
    #[command(after_help = "Example:\n  simructl get rate_hz --line 0")]
    Get {
        /// The knob
        knob: Option<String>,
    },

    /// Change knobs while the module runs
    ///
    /// A knob takes one value for all lines meant, or one per line, separated by commas (the last
    /// repeats). All values are checked before the first is written; if a write fails all the same, the
    /// earlier ones are undone.
    #[command(after_help = "Example:\n  simructl set rate_hz=5000 workqueue=bh --line 0")]
    Set {
        /// Knobs and their new values
        #[arg(value_name = "KNOB=VALUE", required = true, value_parser = parse_setting)]
        knobs: Vec<Setting>,
    },

    /// Change the event rate: short for set rate_hz=HZ
    #[command(after_help = "Example:\n  simructl set-rate 5000")]
    SetRate {
        /// Events per second; 0 is silent
        #[arg(value_name = "HZ", allow_negative_numbers = true)]
        value: String,
    },

    /// Change the workqueue of the bottom half: short for set workqueue=FLAVOR
    #[command(after_help = "Example:\n  simructl set-wq bh")]
    SetWq {
        /// The flavor; a word that is none is answered with those that the module has
        #[arg(value_name = "FLAVOR")]
        value: String,
    },

    /// Change how much the fifo holds: short for set fifo_size=RECORDS
    ///
    /// The module rounds up to a power of two; the line that is printed shows what is in force.
    #[command(after_help = "Example:\n  simructl set-fifo-size 1024 --line 1")]
    SetFifoSize {
        /// Records
        #[arg(value_name = "RECORDS", allow_negative_numbers = true)]
        value: String,
    },

    /// Show what each line has counted, and in which context each stage ran
    ///
    /// With --watch again and again, with the events per second since the sample before; in_ring, queued
    /// and pending are levels and have no such rate. On a terminal in place, else one block after the
    /// other, or with --json one document per line.
    #[command(
        after_help = "Example:\n  simructl stats --line 0 --json\n  simructl stats --watch --interval 0.5"
    )]
    Stats(Stats),

    /// Show how long each stage of an event's way took
    ///
    /// due_irq is from the due time to the top half, irq_bh from there to the bottom half, bh_run the run
    /// time of the bottom half, due_read from the due time to a reader. Times are in microseconds, and
    /// at_s is when the longest was, in seconds of CLOCK_MONOTONIC.
    ///
    /// A percentile is the value at the nearest rank, as the high bound of its bucket: at most 1/64 too
    /// high. One that lies above all buckets is shown as >BOUND, and in JSON as null.
    #[command(after_help = "Example:\n  simructl latency --line 0")]
    Latency,

    /// Copy what a line gives to its readers to standard output
    ///
    /// Ends after COUNT events, on Ctrl-C, when the line is gone, or when nobody reads the output any
    /// more. An event is one byte, or 40 of them in format record: the line's knob `format` tells.
    ///
    /// --follow decodes records, one per line: number, due time, microseconds from it to the top half and
    /// from there to the bottom half, their CPUs, and the character; between them, how many events are
    /// missing. The totals go to stderr at the end.
    #[command(
        after_help = "Example:\n  simructl read --line 1 -n 20\n  simructl set format=record && simructl read --follow"
    )]
    Read(Read),

    /// Start the counters and the histograms of lines at 0 again
    ///
    /// Both are zeroed together, line by line.
    #[command(after_help = "Example:\n  simructl reset --line 0")]
    Reset,

    /// Check that the books balance and that no stage ran in a wrong context
    ///
    /// Every event, interrupt and work item must end in exactly one counter. Exit code 3 when the sums do
    /// not hold.
    #[command(after_help = "Example:\n  simructl verify && echo all accounted for")]
    Verify,
}

/// What `read` takes.
#[derive(Debug, Args)]
pub(crate) struct Read {
    /// Stop after COUNT events
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub(crate) count: Option<u64>,
    /// Do not wait: take what is there, and end
    #[arg(long)]
    pub(crate) nonblock: bool,
    /// Show events in words instead of copying them; the line must be in format record
    #[arg(long)]
    pub(crate) follow: bool,
}

/// What `stats` takes.
#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Show them again and again, until Ctrl-C or until nobody reads the output
    #[arg(long)]
    pub(crate) watch: bool,
    /// Seconds from one sample to the next
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "1",
        value_parser = parse_interval,
        requires = "watch"
    )]
    pub(crate) interval: Duration,
    /// End after N samples
    #[arg(short = 'n', long, value_name = "N", requires = "watch")]
    pub(crate) count: Option<u64>,
}

fn parse_interval(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok();
    let interval = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    interval
        .filter(|interval| (Duration::from_millis(1)..=DAY).contains(interval))
        .ok_or("not a number of seconds from 0.001 to 86400")
}

impl Command {
    /// Its name, and whether `--line` and `--json` mean anything to it.
    fn traits(&self) -> (&'static str, bool, bool) {
        match self {
            Self::Load { .. } => ("load", false, true),
            Self::Unload => ("unload", false, true),
            Self::Status => ("status", true, true),
            Self::Knobs => ("knobs", false, true),
            Self::Get { .. } => ("get", true, true),
            Self::Set { .. } => ("set", true, true),
            Self::SetRate { .. } => ("set-rate", true, true),
            Self::SetWq { .. } => ("set-wq", true, true),
            Self::SetFifoSize { .. } => ("set-fifo-size", true, true),
            Self::Stats(_) => ("stats", true, true),
            Self::Latency => ("latency", true, true),
            Self::Read(Read { follow: true, .. }) => ("read --follow", true, true),
            Self::Read(_) => ("read without --follow", true, false),
            Self::Reset => ("reset", true, true),
            Self::Verify => ("verify", true, true),
        }
    }
}

/// A knob and the value to give it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    pub(crate) knob: String,
    pub(crate) value: String,
}

fn parse_setting(text: &str) -> Result<Setting, &'static str> {
    match text.split_once('=') {
        Some((knob, value)) if !knob.trim().is_empty() && !value.trim().is_empty() => Ok(Setting {
            knob: knob.trim().to_string(),
            value: value.trim().to_string(),
        }),
        _ => Err("not of the form KNOB=VALUE"),
    }
}

/// Parses the command line, or ends the program with a usage error or the help asked for.
pub(crate) fn parse() -> Cli {
    let cli = Cli::parse();
    let (name, takes_line, takes_json) = cli.command.traits();
    let conflict = |option: &str| {
        let message = format!("the argument '{option}' means nothing to '{name}'");
        Cli::command()
            .error(ErrorKind::ArgumentConflict, message)
            .exit()
    };
    if cli.options.line.is_some() && !takes_line {
        conflict("--line");
    }
    if cli.options.json && !takes_json {
        conflict("--json");
    }
    cli
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_setting_has_a_name_and_a_value() {
        let setting = parse_setting(" rate_hz = 100,200 ").unwrap();
        assert_eq!(
            (setting.knob.as_str(), setting.value.as_str()),
            ("rate_hz", "100,200")
        );
        for odd in ["", "rate_hz", "rate_hz=", "=5", " = "] {
            assert!(parse_setting(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_line_is_a_number_or_all() {
        assert_eq!(parse_lines("all"), Ok(Lines::All));
        assert_eq!(parse_lines("7"), Ok(Lines::One(7)));
        for odd in ["", "-1", "All", "0,1"] {
            assert!(parse_lines(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn an_interval_is_a_day_at_most_and_never_nothing() {
        assert_eq!(parse_interval("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_interval("86400"), Ok(DAY));
        for odd in ["", "0", "-1", "1e-9", "86401", "1e300", "nan", "inf", "1s"] {
            assert!(parse_interval(odd).is_err(), "{odd}");
        }
    }
}
