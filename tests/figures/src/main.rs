// SPDX-License-Identifier: GPL-2.0-only

//! `check-figures`: compares two benchmarks.
//!
//! - `same`: two runs of the same preset, figure by figure;
//! - `scopes`: the order of a workqueue's affinity scopes, against the kernel's own lib/test_workqueue;
//! - `results`, `kernel_log`: the outputs of the two.

mod kernel_log;
mod results;
mod same;
mod scopes;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

/// Compares two benchmarks
#[derive(Debug, Parser)]
#[command(
    name = "check-figures",
    after_help = "Exit status: 0 yes, 1 no, 2 usage or no such file, 3 nothing to compare."
)]
enum Command {
    /// Whether rates, ratios and mean latencies of two runs differ by at most PERCENT, and median latencies by at most
    /// a bucket of their histogram
    Same {
        /// The results of a run
        #[arg(value_name = "FIRST.json")]
        first: PathBuf,
        /// The results of the other run
        #[arg(value_name = "OTHER.json")]
        other: PathBuf,
        /// The greatest difference that does not count, from 0 to below 100
        #[arg(long, value_name = "PERCENT", default_value = "0.5", value_parser = percent)]
        within: f64,
    },
    /// Whether the affinity scopes are in the same order as in lib/test_workqueue's log, for scopes that both tell
    /// apart, lib/test_workqueue by more than PERCENT and its own spread
    Scopes {
        /// The log of the kernel that ran lib/test_workqueue
        #[arg(value_name = "KERNEL_LOG")]
        log: PathBuf,
        /// The results of a run
        #[arg(value_name = "RESULTS.json")]
        results: PathBuf,
        /// The greatest difference that does not count, from 0 to below 100
        #[arg(long, value_name = "PERCENT", default_value = "10", value_parser = percent)]
        noise: f64,
    },
}

/// The outcome of a comparison.
pub(crate) enum Answer {
    Yes,
    No,
    /// There was nothing to compare.
    Nothing,
}

fn main() -> ExitCode {
    match run(&Command::parse()) {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Ok(Answer::Nothing) => ExitCode::from(3),
        Err(message) => {
            eprintln!("check-figures: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(command: &Command) -> Result<Answer, String> {
    let (report, answer) = match command {
        Command::Same {
            first,
            other,
            within,
        } => same::compare(&results::read(first)?, &results::read(other)?, *within),
        Command::Scopes {
            log,
            results,
            noise,
        } => {
            let theirs = kernel_log::parse(&text(log)?);
            scopes::compare(&theirs, &results::scopes(&results::read(results)?), *noise)
        }
    };
    print!("{report}");
    Ok(answer)
}

fn percent(text: &str) -> Result<f64, &'static str> {
    text.parse()
        .ok()
        .filter(|percent| (0.0..100.0).contains(percent))
        .ok_or("it is not a percentage below 100")
}

fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
