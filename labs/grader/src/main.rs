// SPDX-License-Identifier: GPL-2.0-only

//! `grade-labs`: asks for a learner's predictions, builds the learner's files, runs a lab's cases in the test machine,
//! and gives points.
//!
//! Called by `tests/lab/labs` on the host. Labs are described by their `lab.toml` ([`lab`]); [`jobs`] builds and runs
//! files, [`judge`] gives points, [`learner`] and [`upkeep`] are the two users: `make lab` and `make labs`.

mod answers;
mod args;
mod check;
mod files;
mod jobs;
mod judge;
mod lab;
mod learner;
mod pattern;
mod report;
mod results;
mod steps;
mod transcript;
mod upkeep;
mod work;

use std::process::ExitCode;

use clap::Parser;
use simrupt::failure::{Failure, Kind};

use crate::args::{Action, Args};
use crate::steps::Steps;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("{failure}");
            match failure.kind() {
                Kind::Usage => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Returns whether there is no error.
fn run(args: &Args) -> Result<bool, Failure> {
    let labs = lab::all(&args.labs)?;
    let steps = Steps::new(&args.steps, &args.build);
    let work = args.work.as_deref();
    match &args.action {
        Action::List => {
            print!("{}", learner::list(&labs, work));
            Ok(true)
        }
        Action::Run { lab } if lab == "all" => learner::grade_all(&steps, &labs, work),
        Action::Run { lab } => learner::grade(&steps, lab::find(&labs, lab)?, work),
        Action::Hint { lab, number } => learner::hint(lab::find(&labs, lab)?, number),
        Action::Solution { lab } => learner::solution(lab::find(&labs, lab)?),
        Action::Check { labs: wanted } => {
            let chosen: Vec<_> = match wanted.is_empty() {
                true => labs.iter().collect(),
                false => wanted
                    .iter()
                    .map(|one| lab::find(&labs, one))
                    .collect::<Result<_, _>>()?,
            };
            upkeep::check(&steps, &chosen)
        }
    }
}
