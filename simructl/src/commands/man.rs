// SPDX-License-Identifier: GPL-2.0-only

//! `simructl man`: manual pages, made from the command line's own description.

use std::fs;
use std::iter;
use std::path::Path;

use clap_mangen::Man;

use crate::cli;
use crate::output;
use simrupt::failure::{Failure, describe};
use simrupt::nearest;

pub(crate) fn run(name: Option<&str>, directory: Option<&Path>) -> Result<(), Failure> {
    let mut command = cli::command();
    // Only a built command knows the shared options and the full names of subcommands.
    command.build();
    if let Some(directory) = directory {
        return write_all(&command, directory);
    }
    let page = match name {
        None => &command,
        Some(name) => command
            .find_subcommand(name)
            .ok_or_else(|| unknown(name, &command))?,
    };
    output::offer(&text(page)?).map(|_| ())
}

/// The page of a command, in the format of `man`.
fn text(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    Man::new(command.clone())
        .source(concat!("simructl ", env!("CARGO_PKG_VERSION")))
        .render(&mut text)
        .map_err(|error| Failure::new("cannot make the manual page", describe(&error)))?;
    Ok(text)
}

/// Writes the pages of simructl and of each of its commands.
fn write_all(command: &clap::Command, directory: &Path) -> Result<(), Failure> {
    let unwritable = |path: &Path| {
        let path = path.to_path_buf();
        move |error| Failure::file("write", &path, None, &error)
    };
    fs::create_dir_all(directory).map_err(unwritable(directory))?;
    // clap's own command `help` describes the others and has no page.
    let commands = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help");
    for page in iter::once(command).chain(commands) {
        let name = page.get_display_name().unwrap_or(page.get_name());
        let path = directory.join(format!("{name}.1"));
        fs::write(&path, text(page)?).map_err(unwritable(&path))?;
    }
    Ok(())
}

/// The failure for an unknown command.
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
