// SPDX-License-Identifier: GPL-2.0-only

//! The files that the results of a benchmark are written to, besides the tables on standard output.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::values::parse_label;

/// The reports of `bench` and `report`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Outputs")]
pub(crate) struct Outputs {
    /// Name of the run, in the headings of its reports and in its result file
    #[arg(long, value_name = "TEXT", value_parser = parse_label)]
    pub(crate) label: Option<String>,
    /// Write all figures and histograms as one JSON document; - is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) json: Option<PathBuf>,
    /// Write every figure of every cell as CSV; - is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) csv: Option<PathBuf>,
    /// Write the tables as Markdown; - is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) markdown: Option<PathBuf>,
    /// Write KTAP, the kernel's format for test results: a test for each cell; - is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ktap: Option<PathBuf>,
    /// Write a line for each figure, for LAVA: its name, pass or fail, its value and unit; - is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) lava: Option<PathBuf>,
    /// Write tables and charts as one HTML page that needs no other files; - is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,
    /// Write each chart as an SVG file into DIR, which is created if it does not exist
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) svg: Option<PathBuf>,
}
