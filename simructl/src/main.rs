// SPDX-License-Identifier: GPL-2.0-only

//! `simructl` loads, tunes, reads and audits the simrupt kernel module.
//!
//! It speaks to the module through files only: `/sys/module/simrupt`, `/sys/kernel/debug/simrupt` and
//! `/dev/simruptN`. Which knobs there are and what they take it learns from the module itself.
//!
//! - `cli`: the command line;
//! - `commands`: one file per command;
//! - `module`, `knobs`, `line`, `verdict`: the loaded module, its knobs, a line's books, and what they say;
//! - `bench`: the benchmark;
//! - `changes`: knobs changed, all or none;
//! - `profile`, `target`: knobs and values in a file, and what they ask of the module;
//! - `files`: the parsers of the module's files;
//! - `sysroot`, `output`, `signals`, `failure`: reading and writing, and what can go wrong.

mod bench;
mod changes;
mod cli;
mod column;
mod commands;
mod failure;
mod files;
mod interrupts;
mod knobs;
mod line;
mod modinfo;
mod module;
#[cfg(test)]
mod mutated;
mod nearest;
mod output;
mod pace;
mod profile;
mod signals;
mod stop;
mod sysroot;
mod target;
mod terminal;
mod top;
mod trace;
mod verdict;

use std::process::ExitCode;

fn main() -> ExitCode {
    match commands::run(cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::note(&failure);
            ExitCode::from(failure.code)
        }
    }
}
