// SPDX-License-Identifier: GPL-2.0-only

//! `kernels-table`: writes the result of the tests on a kernel into its row of the document's table, and keeps the
//! others.
//!
//! Called by `tests/lab/matrix` after each kernel, so that the document is complete for all tested kernels if the run
//! is cut off.

mod document;
mod kernels;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde::Deserialize;

use crate::kernels::Kernel;

/// Writes the result of the tests on a kernel into its row of a table
#[derive(Debug, Parser)]
#[command(name = "kernels-table")]
struct Args {
    /// The document with the table
    #[arg(long, value_name = "FILE")]
    document: PathBuf,
    /// A line for each kernel: its release, its description, and its differences, separated by ` | `
    #[arg(long, value_name = "FILE")]
    kernels: PathBuf,
    /// The kernel's release
    #[arg(long, value_name = "RELEASE")]
    kernel: String,
    /// The exit status of the run
    #[arg(long, value_name = "NUMBER")]
    status: i32,
    /// How long its machines took
    #[arg(long, value_name = "TEXT", default_value = "none")]
    time: String,
    /// The totals of test-totals; absent if the run ended before them
    #[arg(long, value_name = "FILE")]
    totals: PathBuf,
}

/// The counts of a run.
#[derive(Debug, Deserialize)]
pub(crate) struct Totals {
    passed: usize,
    failed: usize,
    skipped: usize,
    left_out: usize,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("kernels-table: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<(), String> {
    let kernels = Kernel::list(&read(&args.kernels)?)?;
    let kernel = kernels.iter().find(|kernel| kernel.release == args.kernel);
    let kernel = kernel.ok_or(format!(
        "{} has no kernel {}",
        args.kernels.display(),
        args.kernel
    ))?;
    let totals = match args.totals.exists() {
        true => {
            let text = read(&args.totals)?;
            let totals = serde_json::from_str(&text)
                .map_err(|error| format!("{}: {error}", args.totals.display()))?;
            Some(totals)
        }
        false => None,
    };
    let row = kernel.row(args.status, &args.time, totals.as_ref());
    let old = read(&args.document)?;
    let new = document::replaced(&old, &kernels, kernel, &row)
        .map_err(|why| format!("{}: {why}", args.document.display()))?;
    fs::write(&args.document, new).map_err(|error| format!("{}: {error}", args.document.display()))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
