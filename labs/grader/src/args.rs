// SPDX-License-Identifier: GPL-2.0-only

//! The command line of `grade-labs`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Grades the kernel labs.
#[derive(Debug, Parser)]
#[command(
    name = "grade-labs",
    after_help = "Exit status: 0 all points, or no error; 1 not all points, or an error; 2 usage."
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
    /// The folder of the learner's files, with a folder for each lab; by default they are in the folders of the labs
    #[arg(long, value_name = "FOLDER")]
    pub(crate) work: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// The action.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List the labs, and which of them are solved
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
    /// Show the differences from the skeleton to the solution
    Solution {
        /// A number or a name
        lab: String,
    },
    /// Check every lab, or some, with their solutions, skeletons and mistakes
    Check {
        /// Numbers or names
        labs: Vec<String>,
    },
}
