// SPDX-License-Identifier: GPL-2.0-only

//! `simructl` loads, tunes, reads and audits the simrupt kernel module.
//!
//! It speaks to the module through files only: `/sys/module/simrupt`, `/sys/kernel/debug/simrupt` and `/dev/simruptN`.
//! The module itself tells which knobs it has and which values they take.
//!
//! The crates below it do the work: `simrupt` speaks to the module, `simrupt-bench` measures. This crate has:
//!
//! - `cli`: the command line;
//! - `commands`: one file per command;
//! - `counters`, `interrupts`, `handlers`: tables of counters, of interrupts, and of the times of their handlers;
//! - `top`, `trace`: the live view, and the way of an event in words and pictures;
//! - `topics`: what `help` explains besides commands;
//! - `destination`: where a command writes to;
//! - `documents`, `progress`: the files and the progress of a benchmark;
//! - `page`, `column`, `heat`, `metrics`: tables for people, and metrics;
//! - `schemas`: the JSON Schemas of what it writes;
//! - `screen`, `scroll`: a terminal whose content is updated in place;
//! - `closed`: standard streams that were closed from the beginning;
//! - `output`, `signals`, `terminal`, `pace`: standard output, signals, the terminal, and the time between samples.

mod browsing;
mod cli;
mod closed;
mod column;
mod commands;
mod counters;
mod destination;
mod documents;
mod handlers;
mod heat;
mod interrupts;
mod metrics;
mod module_file;
mod output;
mod pace;
mod page;
mod progress;
mod schemas;
mod screen;
mod scroll;
mod signals;
mod silence;
mod terminal;
mod top;
mod topics;
mod trace;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::parse();
    if cli.options.json {
        output::make_messages_json();
    }
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure);
            ExitCode::from(output::code(failure.kind()))
        }
    }
}
