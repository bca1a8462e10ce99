// SPDX-License-Identifier: GPL-2.0-only

//! `check-figures`: whether two benchmarks say the same.
//!
//! - `same`: two runs of the same preset, figure by figure;
//! - `scopes`: the order of a workqueue's affinity scopes, against the kernel's own lib/test_workqueue;
//! - `results`, `kernel_log`: what the two leave behind.

mod kernel_log;
mod results;
mod same;
mod scopes;

use std::fs;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: check-figures same FIRST.json OTHER.json [--within PERCENT]
       check-figures scopes KERNEL_LOG RESULTS.json [--noise PERCENT]

same    whether rates, ratios and mean latencies of two runs differ by no more than PERCENT [default: 0.5],
        and median latencies by no more than a bucket of their histogram
scopes  whether the affinity scopes come in the same order as in lib/test_workqueue's log, where both
        tell them apart, lib/test_workqueue by more than PERCENT and its own spread [default: 10]
Exit status: 0 yes, 1 no, 2 usage or no such file, 3 nothing to compare.";

/// What a comparison comes to.
pub(crate) enum Answer {
    Yes,
    No,
    /// There was nothing that could have differed.
    Nothing,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Ok(Answer::Nothing) => ExitCode::from(3),
        Err(message) => {
            eprintln!("check-figures: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(words: &[String]) -> Result<Answer, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (command, rest) = words.split_first().ok_or(USAGE)?;
    let (first, other, percent) = match (*command, rest) {
        ("same", [first, other]) => (first, other, 0.5),
        ("scopes", [first, other]) => (first, other, 10.0),
        ("same", [first, other, "--within", percent])
        | ("scopes", [first, other, "--noise", percent]) => (first, other, number(percent)?),
        _ => return Err(USAGE.to_owned()),
    };
    let (report, answer) = if *command == "same" {
        same::compare(&results::read(first)?, &results::read(other)?, percent)
    } else {
        let theirs = kernel_log::parse(&text(first)?);
        scopes::compare(&theirs, &results::scopes(&results::read(other)?), percent)
    };
    print!("{report}");
    Ok(answer)
}

fn number(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|percent| (0.0..100.0).contains(percent))
        .ok_or(format!("'{text}' is not a percentage below 100"))
}

fn text(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}
