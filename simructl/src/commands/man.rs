// SPDX-License-Identifier: GPL-2.0-only

//! `simructl man`: manual pages, made from the command line's own description.

use clap_mangen::Man;

use crate::cli;
use crate::output;
use simrupt::failure::{Failure, describe};
use simrupt::nearest;

pub(crate) fn run(name: Option<&str>) -> Result<(), Failure> {
    let mut command = cli::command();
    // Only then do commands know the options of all, and their own full names.
    command.build();
    let page = match name {
        None => command,
        Some(name) => match command.find_subcommand(name) {
            Some(command) => command.clone(),
            None => return Err(unknown(name, &command)),
        },
    };
    let mut text = Vec::new();
    Man::new(page)
        .render(&mut text)
        .map_err(|error| Failure::new("cannot make the manual page", describe(&error)))?;
    output::offer(&text).map(|_| ())
}

/// There is no such command.
fn unknown(name: &str, command: &clap::Command) -> Failure {
    let names: Vec<&str> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    let failure = Failure::new(format!("unknown command `{name}`"), "it has no manual page")
        .remedy(format!("one of {}", names.join(", ")))
        .usage();
    match nearest(name, names) {
        Some(near) => failure.because(&format!("did you mean {near}?")),
        None => failure,
    }
}
