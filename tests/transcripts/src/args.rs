// SPDX-License-Identifier: GPL-2.0-only

//! The command line of `check-transcripts`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Runs the transcripts of the documentation, and compares.
#[derive(Debug, Parser)]
#[command(
    name = "check-transcripts",
    after_help = "Exit status: 0 the pages show what is printed, or were updated; 1 they do not, or something failed; 2 usage."
)]
pub(crate) struct Args {
    /// The checkout whose pages are read
    #[arg(long, value_name = "FOLDER")]
    pub(crate) checkout: PathBuf,
    /// The script that prepares and boots machines: tests/lab/docs
    #[arg(long, value_name = "FILE")]
    pub(crate) script: PathBuf,
    /// Where the machines' files and logs go
    #[arg(long, value_name = "FOLDER")]
    pub(crate) build: PathBuf,
    /// Rewrite transcripts: those that drifted, or all that ran
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Update::None)]
    pub(crate) update: Update,
    /// Only find what is amiss in the markers; nothing boots
    #[arg(long)]
    pub(crate) only_markers: bool,
    /// Only pages with one of these texts in their paths
    #[arg(value_name = "TEXT")]
    pub(crate) pages: Vec<String>,
}

/// Which transcripts are rewritten.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Update {
    None,
    Drifted,
    All,
}
