// SPDX-License-Identifier: GPL-2.0-only

//! `test-totals`: adds up the results of a run's test programs, and writes them in forms for other tools.
//!
//! Called by `tests/lab/run`. The totals are in libtest's form, with two more counts. A test that could not run prints
//! `skipped: REASON` instead of its outcome. A test that was left out is named in a file, with the reason.

mod junit;
mod ktap;
mod log;
mod sum;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::sum::{LeftOut, Sum};

/// Adds up the results of test programs
#[derive(Debug, Parser)]
#[command(
    name = "test-totals",
    after_help = "Exit status: 0 all passed, 1 a test failed, a log has no end, or no test ran; 2 usage or no such file."
)]
struct Args {
    /// How long the whole run took
    #[arg(long, value_name = "SECONDS")]
    seconds: String,
    /// A line for each test that was left out: its name, a tab, and the reason
    #[arg(long, value_name = "FILE")]
    left_out: PathBuf,
    /// The words of the filter, separated by spaces; each must be in the name of some test
    #[arg(long, value_name = "WORDS", default_value = "")]
    filter: String,
    /// Write all tests to FILE as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write all tests to FILE as the kernel's KTAP
    #[arg(long, value_name = "FILE")]
    ktap: Option<PathBuf>,
    /// Write the totals to FILE as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The output of test programs
    #[arg(value_name = "LOG", required = true)]
    logs: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("test-totals: {message}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether the run was good.
fn run(args: &Args) -> Result<bool, String> {
    let left_out = LeftOut::parse(&read(&args.left_out)?);
    let mut suites = Vec::new();
    for path in &args.logs {
        suites.extend(log::suites(&stem(path), &read(path)?));
    }
    if let Some(path) = &args.junit {
        write(path, &junit::document(&suites)?)?;
    }
    if let Some(path) = &args.ktap {
        write(path, &ktap::document(&suites))?;
    }
    let sum = Sum::of(&suites, &left_out, &args.filter);
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&sum).map_err(|error| error.to_string())?;
        write(path, &(text + "\n"))?;
    }
    print!("{}", sum.text(&args.seconds));
    Ok(sum.is_good())
}

/// `vm-tests.1` for `.../vm-tests.1.log`.
fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    stem.to_string_lossy().into_owned()
}

/// A file's text; bytes that are not UTF-8, which a dying kernel may leave, are replaced.
fn read(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
