// SPDX-License-Identifier: GPL-2.0-only

//! The command line of `grade-labs`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Grades the kernel labs.
#[derive(Debug, Parser)]
#[command(
    name = "grade-labs",
    after_help = "Exit status: 0 all points, or all is well; 1 not all points, or something is amiss; 2 usage."
)]
pub(crate) struct Args {
    /// The folder with the labs
    #[arg(long, value_name = "FOLDER")]
    pub(crate) labs: PathBuf,
    /// The script that prepares, builds and boots: tests/lab/labs
    #[arg(long, value_name = "FILE")]
    pub(crate) steps: PathBuf,
    /// Where files are built
    #[arg(long, value_name = "FOLDER")]
    pub(crate) build: PathBuf,
    /// Where the learner's files are, in a folder for each lab, and not in the folders of the labs
    #[arg(long, value_name = "FOLDER")]
    pub(crate) work: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List the labs, with what is solved
    List,
    /// Grade the learner's files of a lab, or of all
    Run {
        /// A number or a name, or all
        lab: String,
    },
    /// Show a hint
    Hint {
        /// A number or a name
        lab: String,
        /// 1 or 2
        number: String,
    },
    /// Show the way from the skeleton to the solution
    Solution {
        /// A number or a name
        lab: String,
    },
    /// Hold every lab, or some, to their solutions, skeletons and mistakes
    Check {
        /// Numbers or names
        labs: Vec<String>,
    },
}
